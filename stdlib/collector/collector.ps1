# collector.ps1 - what a Windows host shows of itself, packed once and uploaded once.
# Windows PowerShell 5.1, without modules that Windows has not. Not run on Windows yet.
#
# Before it stand $CdrPut (the presigned address to upload to; empty: it stays), $CdrSent (the
# sender's clock), $CdrPlan and $CdrTool (base64 of UTF-8: the plan as JSON, the path of the user's own
# collector). It lies in the directory of place.ps1, and writes status.json and triage.zip there.
#
# It runs nothing that it finds: programs of the system folder by their whole path. Files are
# opened shared, and no reparse point is followed. What is there and was not taken is in
# manifest.json, with the reason; so is what was cut to its newest part.
$ErrorActionPreference = 'Stop'
$Dir = Split-Path -Parent $MyInvocation.MyCommand.Path
$Work = "$Dir\work"
$Out = "$Work\triage"
$Utf8 = New-Object Text.UTF8Encoding $false
$System = [Environment]::SystemDirectory
$Began = [DateTime]::UtcNow
$Epoch = New-Object DateTime 1970, 1, 1, 0, 0, 0, ([DateTimeKind]::Utc)
function Get-Seconds($time) { return [long][Math]::Floor(($time - $Epoch).TotalSeconds) }
$Offset = 0
if ($CdrSent -ne 0) { $Offset = (Get-Seconds $Began) - $CdrSent }
$Plan = ConvertFrom-Json $Utf8.GetString([Convert]::FromBase64String($CdrPlan))
$Tool = $Utf8.GetString([Convert]::FromBase64String($CdrTool))
$Part = $Plan.windows
function Get-Bound($name, $else) {
    if ($Part.PSObject.Properties[$name]) { return [long]$Part.$name }
    return [long]$else
}
function Get-Texts($name) {
    if ($Part.PSObject.Properties[$name]) { return @($Part.$name) }
    return @()
}
$Seconds = Get-Bound 'time' 240
$Since = $Began.AddSeconds(-(Get-Bound 'since' 604800))
$Most = Get-Bound 'most' 500
$FileMax = (Get-Bound 'file_mb' 1) * 1048576
$TotalMax = (Get-Bound 'archive_mb' 64) * 1048576
$Take = Get-Texts 'take'
$Kept = New-Object Collections.ArrayList
$Skipped = New-Object Collections.ArrayList
$Absent = New-Object Collections.ArrayList
$Count = @{ unread = 0; limit = 0; late = 0; link = 0; tool = 0; cut = 0; bytes = [long]0; number = 0 }
$ToolTold = $null

function Get-Name {
    foreach ($name in 'profile', 'collector') {
        if ($Plan.PSObject.Properties[$name]) { return [string]$Plan.$name }
    }
    return ''
}
function Write-Status($state, $uploaded, $sum, $bytes, $why) {
    $told = [ordered]@{ cdr = 'triage'; version = 2; profile = (Get-Name); state = $state
        uploaded = $uploaded; sha256 = $sum; bytes = $bytes; files = $Kept.Count
        skipped = $Skipped.Count; cut = $Count.cut
        seconds = [int]([DateTime]::UtcNow - $Began).TotalSeconds; clock_offset = $Offset; why = $why }
    [IO.File]::WriteAllText("$Dir\status.tmp", (ConvertTo-Json $told -Compress), $Utf8)
    Move-Item -Force -LiteralPath "$Dir\status.tmp" -Destination "$Dir\status.json"
}
function Stop-Failed($why) {
    Remove-Item -LiteralPath $Work -Recurse -Force -ErrorAction SilentlyContinue
    Write-Status 'failed' 'no' '' 0 $why
    exit 1
}
function Test-Late { return ([DateTime]::UtcNow - $Began).TotalSeconds -ge $Seconds }
function Get-Sum($path) { return (Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash.ToLowerInvariant() }
function Add-Skip($from, $note, $why) {
    $Count[$why]++
    if ($Skipped.Count -lt 50000) { [void]$Skipped.Add([ordered]@{ why = $why; from = $from; note = $note }) }
}
# Whether there is no more room or time; says so of the source.
function Test-Over($from) {
    if (Test-Late) {
        Add-Skip $from 'out of time' 'late'
        return $true
    }
    if ($Count.bytes -ge $TotalMax) {
        Add-Skip $from 'the archive is full' 'limit'
        return $true
    }
    return $false
}
# What was just written below $Out: count it.
function Add-Kept($name, $from, $state, $note) {
    $path = "$Out\$name"
    $bytes = (New-Object IO.FileInfo $path).Length
    $Count.bytes += $bytes
    if ($bytes -eq 0) { $state = 'empty' }
    if ($state -eq 'cut') { $Count.cut++ }
    $entry = [ordered]@{ state = $state; bytes = $bytes; sha256 = (Get-Sum $path)
        path = $name.Replace('\', '/'); from = $from }
    if ($note -ne '') { $entry.note = $note }
    [void]$Kept.Add($entry)
}
function New-Parent($name) { [void][IO.Directory]::CreateDirectory((Split-Path -Parent "$Out\$name")) }
function Test-Takes($artifact) {
    if ($Take -notcontains $artifact) { return $false }
    Write-Status 'running' 'no' '' 0 ''
    return $true
}
# What a command of ours shows, as text.
function Save-Shown($name, $from, [scriptblock]$make) {
    if (Test-Over $from) { return }
    try {
        New-Parent $name
        $text = (& $make | Out-String -Width 4000)
        $state = 'kept'
        $note = ''
        if ($text.Length -gt 16777216) {
            $text = $text.Substring(0, 16777216)
            $state = 'cut'
            $note = 'the first characters'
        }
        [IO.File]::WriteAllText("$Out\$name", $text, $Utf8)
        Add-Kept $name $from $state $note
    } catch { Add-Skip $from ($_.Exception.GetType().Name) 'tool' }
}
function Save-Table($name, $from, [scriptblock]$rows) {
    Save-Shown $name $from { & $rows | ConvertTo-Csv -NoTypeInformation }
}
# What a program prints, errors too. Under 'Stop' PowerShell 5.1 would end at its first line of those.
function Invoke-Program($program, $arguments) {
    $ErrorActionPreference = 'Continue'
    $global:LASTEXITCODE = 0
    & $program $arguments 2>&1 | ForEach-Object { [string]$_ }
}
# A program of the system folder.
function Save-Program($name, $program, $arguments) {
    $program = "$System\$program"
    if (-not [IO.File]::Exists($program)) {
        [void]$Absent.Add([ordered]@{ why = 'absent'; from = $program })
        return
    }
    $line = $program + ' ' + ($arguments -join ' ')
    $before = $Kept.Count
    Save-Shown $name $line { Invoke-Program $program $arguments }
    if ($Kept.Count -gt $before -and $global:LASTEXITCODE -ne 0) {
        Add-Skip $line ('it ended with status ' + $global:LASTEXITCODE + ': what it printed is there') 'tool'
    }
}
# The newest part of a regular file, under a number.
function Save-File($folder, $path) {
    if (-not [IO.File]::Exists($path)) { return }
    if (Test-Over $path) { return }
    try {
        for ($at = $path; $at; $at = Split-Path -Parent $at) {
            if (([IO.File]::GetAttributes($at) -band [IO.FileAttributes]::ReparsePoint) -ne 0) {
                Add-Skip $path ('a link at ' + $at) 'link'
                return
            }
        }
        $Count.number++
        $name = $folder + '\' + $Count.number
        New-Parent $name
        $share = [IO.FileShare]::ReadWrite -bor [IO.FileShare]::Delete
        $in = New-Object IO.FileStream $path, ([IO.FileMode]::Open), ([IO.FileAccess]::Read), $share
        try {
            $state = 'kept'
            $note = ''
            $left = $in.Length
            if ($left -gt $FileMax) {
                [void]$in.Seek($left - $FileMax, [IO.SeekOrigin]::Begin)
                $state = 'cut'
                $note = 'the last ' + $FileMax + ' of ' + $left + ' bytes'
                $left = $FileMax
            }
            $to = [IO.File]::Create("$Out\$name")
            try {
                $block = New-Object byte[] 65536
                while ($left -gt 0) {
                    $got = $in.Read($block, 0, [int][Math]::Min($left, $block.Length))
                    if ($got -le 0) { break }
                    $to.Write($block, 0, $got)
                    $left -= $got
                }
            } finally { $to.Dispose() }
        } finally { $in.Dispose() }
        Add-Kept $name $path $state $note
    } catch { Add-Skip $path ($_.Exception.GetType().Name) 'unread' }
}
# Where people have their own files.
function Get-Homes {
    return @(Get-CimInstance Win32_UserProfile | Where-Object { -not $_.Special -and $_.LocalPath } | Select-Object -First 200 | ForEach-Object { $_.LocalPath })
}

try {
    [void][IO.Directory]::CreateDirectory($Out)
    (Get-Process -Id $PID).PriorityClass = 'BelowNormal'
} catch { Stop-Failed 'no folder to write to' }
Write-Status 'running' 'no' '' 0 ''

# --- the system ---
if (Test-Takes 'system') {
    Save-Program 'system\systeminfo.csv' 'systeminfo.exe' @('/fo', 'csv')
    Save-Shown 'system\host.txt' 'Win32_OperatingSystem, Win32_ComputerSystem' { Get-CimInstance Win32_OperatingSystem | Format-List *; Get-CimInstance Win32_ComputerSystem | Format-List * }
    Save-Table 'system\disks.csv' 'Win32_LogicalDisk' { Get-CimInstance Win32_LogicalDisk | Select-Object 'DeviceID', 'DriveType', 'FileSystem', 'Size', 'FreeSpace', 'VolumeName' }
    Save-Table 'system\drivers.csv' 'Win32_SystemDriver' { Get-CimInstance Win32_SystemDriver | Select-Object 'Name', 'DisplayName', 'State', 'StartMode', 'PathName' }
    Save-File 'system' "$System\drivers\etc\hosts"
}
if (Test-Takes 'hotfixes') {
    Save-Table 'system\hotfixes.csv' 'Get-HotFix' { Get-HotFix | Select-Object 'HotFixID', 'Description', 'InstalledBy', 'InstalledOn' }
}
if (Test-Takes 'users') {
    Save-Table 'users\accounts.csv' 'Win32_UserAccount of this host' { Get-CimInstance Win32_UserAccount -Filter 'LocalAccount=True' | Select-Object 'Name', 'SID', 'Disabled', 'Lockout', 'PasswordRequired', 'Description' }
    Save-Table 'users\groups.csv' 'Win32_Group of this host' { Get-CimInstance Win32_Group -Filter 'LocalAccount=True' | Select-Object 'Name', 'SID', 'Description' }
    Save-Shown 'users\administrators.txt' 'members of S-1-5-32-544' { Get-LocalGroupMember -SID 'S-1-5-32-544' | Select-Object 'Name', 'SID', 'PrincipalSource' | Format-Table -AutoSize }
}
if (Test-Takes 'logins') {
    Save-Table 'logins\sessions.csv' 'Win32_LogonSession' { Get-CimInstance Win32_LogonSession | Select-Object 'LogonId', 'LogonType', 'AuthenticationPackage', 'StartTime' }
    Save-Table 'logins\logged-on.csv' 'Win32_LoggedOnUser' { Get-CimInstance Win32_LoggedOnUser | ForEach-Object { New-Object PSObject -Property @{ User = $_.Antecedent.Name; Domain = $_.Antecedent.Domain; LogonId = $_.Dependent.LogonId } } }
    Save-Program 'logins\quser.txt' 'quser.exe' @()
    Save-Table 'logins\profiles.csv' 'Win32_UserProfile' { Get-CimInstance Win32_UserProfile | Select-Object 'LocalPath', 'SID', 'LastUseTime', 'Loaded', 'Special' }
}

# --- what runs ---
if (Test-Takes 'processes') {
    Save-Table 'processes\list.csv' 'Win32_Process' { Get-CimInstance Win32_Process | Select-Object 'ProcessId', 'ParentProcessId', 'Name', 'ExecutablePath', 'CommandLine', 'CreationDate', 'SessionId' }
}
if (Test-Takes 'programs') {
    Save-Table 'processes\programs.csv' 'SHA-256 of the programs that run' {
        $seen = @{}
        foreach ($process in @(Get-CimInstance Win32_Process)) {
            $path = $process.ExecutablePath
            if (-not $path -or $seen[$path]) { continue }
            if (Test-Late) {
                Add-Skip 'programs' 'out of time' 'late'
                break
            }
            $seen[$path] = $true
            try { New-Object PSObject -Property @{ Path = $path; Sha256 = (Get-Sum $path); ProcessId = $process.ProcessId } } catch { Add-Skip $path 'it cannot be read' 'unread' }
        }
    }
}
if (Test-Takes 'services') {
    Save-Table 'autostart\services.csv' 'Win32_Service' { Get-CimInstance Win32_Service | Select-Object 'Name', 'DisplayName', 'State', 'StartMode', 'StartName', 'PathName', 'ProcessId' }
}
if (Test-Takes 'scheduled_tasks') {
    Save-Program 'autostart\tasks.csv' 'schtasks.exe' @('/query', '/fo', 'csv', '/v')
}
if (Test-Takes 'autostart') {
    Save-Shown 'autostart\run-keys.txt' 'Run and RunOnce of the machine and of users, Winlogon, IFEO' {
        $below = @('Software\Microsoft\Windows\CurrentVersion\Run', 'Software\Microsoft\Windows\CurrentVersion\RunOnce', 'Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Run')
        $roots = @('Registry::HKEY_LOCAL_MACHINE')
        $roots += @(Get-ChildItem 'Registry::HKEY_USERS' -ErrorAction SilentlyContinue | ForEach-Object { 'Registry::' + $_.Name })
        $keys = @(foreach ($root in $roots) { foreach ($key in $below) { "$root\$key" } })
        $keys += 'Registry::HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\Winlogon'
        foreach ($key in $keys) {
            if (-not (Test-Path -LiteralPath $key)) { continue }
            '== ' + $key
            Get-ItemProperty -LiteralPath $key | Format-List *
        }
        '== Image File Execution Options with a debugger'
        Get-ChildItem 'Registry::HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\Image File Execution Options' | Where-Object { $_.GetValue('Debugger') } | ForEach-Object { $_.Name + ' ' + $_.GetValue('Debugger') }
    }
    Save-Table 'autostart\startup.csv' 'Win32_StartupCommand' { Get-CimInstance Win32_StartupCommand | Select-Object 'Name', 'Command', 'Location', 'User' }
    Save-Table 'autostart\wmi.csv' 'consumers of WMI events' { Get-CimInstance -Namespace 'root\subscription' -ClassName '__EventConsumer' | Select-Object 'Name', 'CommandLineTemplate', 'ScriptText' }
}

# --- the network ---
if (Test-Takes 'connections') {
    Save-Program 'network\connections.txt' 'netstat.exe' @('-ano')
    Save-Table 'network\tcp.csv' 'Get-NetTCPConnection' { Get-NetTCPConnection | Select-Object 'LocalAddress', 'LocalPort', 'RemoteAddress', 'RemotePort', 'State', 'OwningProcess', 'CreationTime' }
}
if (Test-Takes 'network') {
    Save-Program 'network\addresses.txt' 'ipconfig.exe' @('/all')
    Save-Program 'network\neighbours.txt' 'arp.exe' @('-a')
    Save-Program 'network\routes.txt' 'route.exe' @('print')
    Save-Program 'network\shares.txt' 'net.exe' @('share')
}
if (Test-Takes 'dns_cache') {
    Save-Program 'network\dns-cache.txt' 'ipconfig.exe' @('/displaydns')
}
if (Test-Takes 'firewall') {
    Save-Program 'network\firewall-profiles.txt' 'netsh.exe' @('advfirewall', 'show', 'allprofiles')
    Save-Program 'network\firewall-rules.txt' 'netsh.exe' @('advfirewall', 'firewall', 'show', 'rule', 'name=all', 'verbose')
}

# --- what happened ---
if (Test-Takes 'logs') {
    $far = [long]([DateTime]::UtcNow - $Since).TotalMilliseconds
    foreach ($log in 'Security', 'System', 'Application', 'Windows PowerShell', 'Microsoft-Windows-PowerShell/Operational', 'Microsoft-Windows-Sysmon/Operational', 'Microsoft-Windows-TaskScheduler/Operational', 'Microsoft-Windows-Windows Defender/Operational', 'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational', 'Microsoft-Windows-WMI-Activity/Operational') {
        if (Test-Over $log) { continue }
        $name = 'logs\' + ($log -replace '[^A-Za-z0-9]', '-') + '.evtx'
        try {
            New-Parent $name
            $told = Invoke-Program "$System\wevtutil.exe" @('epl', $log, "$Out\$name", "/q:*[System[TimeCreated[timediff(@SystemTime) <= $far]]]")
            if ($global:LASTEXITCODE -eq 0 -and [IO.File]::Exists("$Out\$name")) { Add-Kept $name "wevtutil epl $log" 'kept' '' }
            elseif ("$told" -match '15007|could not be found') { [void]$Absent.Add([ordered]@{ why = 'absent'; from = $log }) }
            else { Add-Skip $log 'wevtutil could not export it' 'tool' }
        } catch { Add-Skip $log ($_.Exception.GetType().Name) 'tool' }
    }
}
if (Test-Takes 'prefetch') {
    $place = [IO.Path]::GetFullPath("$System\..\Prefetch")
    if ([IO.Directory]::Exists($place)) {
        Save-Table 'recent\prefetch.csv' $place { Get-ChildItem -LiteralPath $place -Filter '*.pf' | Select-Object 'Name', 'Length', 'CreationTimeUtc', 'LastWriteTimeUtc' }
    } else { [void]$Absent.Add([ordered]@{ why = 'absent'; from = $place }) }
}
if (Test-Takes 'recent_files') {
    $places = @([IO.Path]::GetFullPath("$System\..\Temp"), 'C:\Users\Public', 'C:\ProgramData', 'C:\PerfLogs')
    foreach ($user in Get-Homes) { $places += "$user\AppData\Local\Temp", "$user\AppData\Roaming", "$user\Downloads", "$user\Desktop" }
    Save-Table 'recent\files.csv' 'changed files where people may write' {
        $left = 50000
        foreach ($place in $places) {
            if (-not [IO.Directory]::Exists($place)) { continue }
            if (Test-Late) { Add-Skip $place 'out of time' 'late'; continue }
            foreach ($item in Get-ChildItem -LiteralPath $place -Recurse -Depth 4 -Force -File -Attributes '!ReparsePoint' -ErrorAction SilentlyContinue) {
                if ($item.LastWriteTimeUtc -lt $Since -and $item.CreationTimeUtc -lt $Since) { continue }
                $left--
                if ($left -eq 0) { Add-Skip $place 'more than 50000 files' 'limit' }
                if ($left -le 0) { break }
                $item | Select-Object 'FullName', 'Length', 'CreationTimeUtc', 'LastWriteTimeUtc'
            }
        }
    }
}
if (Test-Takes 'histories') {
    foreach ($user in Get-Homes) {
        Save-File 'home' "$user\AppData\Roaming\Microsoft\Windows\PowerShell\PSReadLine\ConsoleHost_history.txt"
        Save-File 'home' "$user\.ssh\authorized_keys"
        Save-File 'home' "$user\.ssh\known_hosts"
        Save-Table ('home\recent-' + $Kept.Count + '.csv') "$user, recently opened" { Get-ChildItem -LiteralPath "$user\AppData\Roaming\Microsoft\Windows\Recent" -Filter '*.lnk' -ErrorAction SilentlyContinue | Select-Object 'Name', 'CreationTimeUtc', 'LastWriteTimeUtc' }
    }
    Save-File 'home' 'C:\ProgramData\ssh\administrators_authorized_keys'
}

# --- files by pattern: of the profile's words only * and ? mean anything ---
$asked = 0
foreach ($pattern in Get-Texts 'files') {
    $plain = $pattern.Replace('[', '`[').Replace(']', '`]')
    $found = @()
    try { $found = @(Resolve-Path -Path $plain | ForEach-Object { $_.ProviderPath }) } catch { $found = @() }
    if ($found.Count -eq 0) { [void]$Absent.Add([ordered]@{ why = 'absent'; from = $pattern }) }
    foreach ($path in $found) {
        if ($asked -ge $Most) {
            Add-Skip $pattern ('more than ' + $Most + ' files') 'limit'
            break
        }
        $asked++
        if ([IO.Directory]::Exists($path)) { Add-Skip $path 'no regular file' 'link' } else { Save-File 'files' $path }
    }
}

# --- the user's own collector: what was sent, if its hash is right, in a folder of its own ---
# As CommandLineToArgvW reads it back.
function Get-Argument($word) {
    $text = New-Object Text.StringBuilder '"'
    $slashes = 0
    foreach ($letter in $word.ToCharArray()) {
        if ($letter -eq '\') {
            $slashes++
            continue
        }
        if ($letter -eq '"') { $slashes = $slashes * 2 + 1 }
        [void]$text.Append('\', $slashes).Append($letter)
        $slashes = 0
    }
    return $text.Append('\', $slashes * 2).Append('"').ToString()
}
function Invoke-Own {
    $tools = "$Work\tool"
    $own = "$Out\own"
    [void][IO.Directory]::CreateDirectory($tools)
    [void][IO.Directory]::CreateDirectory($own)
    # Its own name back, which the words of its command have.
    $file = $tools + '\' + [IO.Path]::GetFileName([string]$Part.file)
    if ($file.EndsWith('\')) { $file = $tools + '\' + [IO.Path]::GetFileName($Tool) }
    try { [IO.File]::Copy($Tool, $file) } catch { Stop-Failed 'the tool is not there' }
    $sum = Get-Sum $file
    if ($sum -ne $Part.sha256) { Stop-Failed 'the tool has another hash than it should' }
    $script:ToolTold = [ordered]@{ path = $Tool; sha256 = $sum }
    if ($file -match '\.zip$') {
        try { [IO.Compression.ZipFile]::ExtractToDirectory($file, $tools) } catch { Stop-Failed 'the tool cannot be unpacked' }
        [IO.File]::Delete($file)
    }
    $inside = @([IO.Directory]::GetFileSystemEntries($tools))
    if ($inside.Count -eq 1 -and [IO.Directory]::Exists($inside[0])) { $tools = $inside[0] }
    $words = @($Part.command | ForEach-Object { $_.Replace('{output}', $own) })
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = [IO.Path]::GetFullPath([IO.Path]::Combine($tools, $words[0]))
    $start.Arguments = (@($words | Select-Object -Skip 1 | ForEach-Object { Get-Argument $_ }) -join ' ')
    $start.WorkingDirectory = $tools
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    try { $run = [Diagnostics.Process]::Start($start) } catch { Stop-Failed 'the tool cannot be run' }
    if (-not $run.WaitForExit([int]$Seconds * 1000)) {
        try { $run.Kill() } catch { Add-Skip $Tool 'it did not end' 'late' }
        Add-Skip $Tool ('it was ended after ' + $Seconds + ' seconds') 'late'
    } elseif ($run.ExitCode -ne 0) { Add-Skip $Tool ('it ended with status ' + $run.ExitCode) 'tool' }
    foreach ($item in Get-ChildItem -LiteralPath $own -Recurse -Force -File) {
        $path = $item.FullName
        try {
            if ($Count.bytes + $item.Length -le $TotalMax) {
                Add-Kept $path.Substring($Out.Length + 1) $Tool 'kept' ''
                continue
            }
            Add-Skip $path 'the archive is full' 'limit'
        } catch { Add-Skip $path ($_.Exception.GetType().Name) 'unread' }
        # The archive has nothing that the manifest has not.
        try { [IO.File]::Delete($path) } catch { Add-Skip $path 'it stays in the archive' 'unread' }
    }
}
Add-Type -AssemblyName System.IO.Compression.FileSystem
if ($Tool -ne '') { try { Invoke-Own } catch { Add-Skip $Tool ($_.Exception.GetType().Name) 'tool' } }

# --- packed once, sent once ---
if ($Count.bytes -eq 0) { Stop-Failed 'nothing was collected' }
$words = @{ unread = 'could not be read'; limit = 'over a limit'; late = 'out of time'; link = 'behind links or no regular files'; tool = 'tools that failed' }
$why = (@(foreach ($kind in 'unread', 'limit', 'late', 'link', 'tool') { if ($Count[$kind] -gt 0) { [string]$Count[$kind] + ' ' + $words[$kind] } }) -join ', ')
if ($Count.cut -gt 0) { $why = (@($why, ([string]$Count.cut + ' cut to a part') | Where-Object { $_ -ne '' }) -join ', ') }
$state = 'complete'
if ($why -ne '') { $state = 'partial' }
$manifest = [ordered]@{ cdr = 'triage'; version = 2; state = $state; why = $why; clock_offset = $Offset
    began = (Get-Seconds $Began); ended = (Get-Seconds ([DateTime]::UtcNow)); profile = (Get-Name)
    host = $env:COMPUTERNAME; kernel = [Environment]::OSVersion.VersionString
    powershell = $PSVersionTable.PSVersion.ToString()
    limits = [ordered]@{ seconds = $Seconds; bytes = $TotalMax; file_bytes = $FileMax }
    cut = $Count.cut; tool = $ToolTold; files = $Kept; skipped = $Skipped; absent = $Absent }
$zip = "$Dir\triage.zip"
try {
    [IO.File]::WriteAllText("$Out\manifest.json", (ConvertTo-Json $manifest -Depth 6), $Utf8)
    if ([IO.File]::Exists($zip)) { [IO.File]::Delete($zip) }
    [IO.Compression.ZipFile]::CreateFromDirectory($Out, $zip)
    $sum = Get-Sum $zip
    $bytes = (New-Object IO.FileInfo $zip).Length
} catch { Stop-Failed 'the archive cannot be written' }
Remove-Item -LiteralPath $Work -Recurse -Force -ErrorAction SilentlyContinue
$uploaded = 'no'
if ($CdrPut -ne '') {
    $fault = 'the upload did not arrive'
    foreach ($wait in 0, 2, 10) {
        Start-Sleep -Seconds $wait
        try {
            [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
            $ProgressPreference = 'SilentlyContinue'
            [void](Invoke-WebRequest -Method Put -Uri $CdrPut -InFile $zip -ContentType 'application/zip' -Headers @{ 'If-None-Match' = '*' } -UseBasicParsing -TimeoutSec 600)
            $uploaded = 'yes'
            break
        } catch [Net.WebException] {
            $answer = $_.Exception.Response
            if ($answer -eq $null) { continue }
            if ([int]$answer.StatusCode -eq 412) { $uploaded = 'exists'; break }
            $fault = 'the upload was refused with status ' + [int]$answer.StatusCode
        } catch { $fault = 'the upload did not arrive' }
    }
    if ($uploaded -eq 'no') { $why = (@($why, $fault | Where-Object { $_ -ne '' }) -join ', ') }
}
Write-Status $state $uploaded $sum $bytes $why
