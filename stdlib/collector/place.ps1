# place.ps1 - the directory of a collection, by $CdrKey, which stands before; whether it is ours.
# Windows PowerShell 5.1. Not run on Windows yet.
$ErrorActionPreference = 'Stop'
$Dir = 'C:\Windows\Temp\cdr-' + $CdrKey
# Made by the system or an administrator, and no link: others may write to that folder too.
function Test-Ours {
    if (-not [IO.Directory]::Exists($Dir)) { return $false }
    if (([IO.File]::GetAttributes($Dir) -band [IO.FileAttributes]::ReparsePoint) -ne 0) { return $false }
    $owner = (Get-Acl -LiteralPath $Dir).GetOwner([Security.Principal.SecurityIdentifier]).Value
    return @('S-1-5-18', 'S-1-5-32-544') -contains $owner
}
# A process by its id and when it began: ids are given out again.
function Test-Alive {
    try {
        $words = [IO.File]::ReadAllText("$Dir\process").Trim().Split(' ')
        $process = Get-Process -Id ([int]$words[0])
        return $process.StartTime.ToUniversalTime().Ticks -eq [long]$words[1]
    } catch { return $false }
}
function Get-Told {
    try { return [IO.File]::ReadAllText("$Dir\status.json") } catch { return '' }
}
function Test-Ended { return (Get-Told) -match '"state":"(complete|partial|failed)"' }
