# status.ps1 - after place.ps1: print the status, and that it failed where nobody is at work any more.
# Not run on Windows yet.
function Write-Failed($why) {
    Write-Output ('{"cdr":"triage","version":2,"state":"failed","uploaded":"no","sha256":"","bytes":0,"files":0,"skipped":0,"why":"' + $why + '"}')
    exit 0
}
if (-not (Test-Ours) -or -not [IO.File]::Exists("$Dir\started")) {
    Write-Output '{"cdr":"triage","version":2,"state":"none"}'
    exit 0
}
# Looked at first: it may begin while we look at the rest.
$begun = [IO.File]::Exists("$Dir\process")
if (-not (Test-Ended) -and -not (Test-Alive) -and -not (Test-Ended)) {
    if ($begun) { Write-Failed 'the collector was ended before it was done' }
    if ([IO.File]::GetCreationTimeUtc("$Dir\started") -lt [DateTime]::UtcNow.AddMinutes(-1)) {
        Write-Failed 'the collector did not begin'
    }
}
$told = Get-Told
if ($told -eq '') { $told = '{"cdr":"triage","version":2,"state":"running"}' }
Write-Output $told
