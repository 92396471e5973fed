# start.ps1 - after place.ps1: start the collector detached, once. What follows it calls Launch with
# the collector's text. Not run on Windows yet.
function Deny($why) {
    Write-Output ('cdr-collector refused: ' + $why)
    exit 1
}
try {
    $security = New-Object Security.AccessControl.DirectorySecurity
    $security.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')
    if (-not [IO.Directory]::Exists($Dir)) { [void][IO.Directory]::CreateDirectory($Dir, $security) }
} catch { Deny 'the directory cannot be made' }
if (-not (Test-Ours)) { Deny 'the directory is not ours' }
$watch = @'
$Dir = Split-Path -Parent $MyInvocation.MyCommand.Path
$self = Get-Process -Id $PID
[IO.File]::WriteAllText("$Dir\process.tmp", "$PID " + $self.StartTime.ToUniversalTime().Ticks)
Move-Item -Force -LiteralPath "$Dir\process.tmp" -Destination "$Dir\process"
$shell = [Environment]::SystemDirectory + '\WindowsPowerShell\v1.0\powershell.exe'
$run = Start-Process -FilePath $shell -WindowStyle Hidden -PassThru -ArgumentList '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', "$Dir\collector.ps1"
if (-not $run.WaitForExit(5 * 3600 * 1000)) { Stop-Process -Id $run.Id -Force }
$told = ''
try { $told = [IO.File]::ReadAllText("$Dir\status.json") } catch { $told = '' }
if ($told -notmatch '"state":"(complete|partial|failed)"') {
    $failed = '{"cdr":"triage","version":2,"state":"failed","uploaded":"no","sha256":"","bytes":0,"files":0,"skipped":0,"why":"the collector was ended before it was done"}'
    [IO.File]::WriteAllText("$Dir\status.tmp", $failed)
    Move-Item -Force -LiteralPath "$Dir\status.tmp" -Destination "$Dir\status.json"
}
'@
function Launch($text) {
    if ([IO.File]::Exists("$Dir\started")) {
        Write-Output 'cdr-collector running'
        exit 0
    }
    try {
        [IO.File]::WriteAllText("$Dir\collector.$PID", $text)
        Move-Item -Force -LiteralPath "$Dir\collector.$PID" -Destination "$Dir\collector.ps1"
        [IO.File]::WriteAllText("$Dir\watch.$PID", $watch)
        Move-Item -Force -LiteralPath "$Dir\watch.$PID" -Destination "$Dir\watch.ps1"
    } catch { Deny 'the collector cannot be written' }
    # Whoever makes this file starts it; nobody else does, whatever becomes of us.
    try { [IO.File]::Open("$Dir\started", [IO.FileMode]::CreateNew).Dispose() } catch {
        Write-Output 'cdr-collector running'
        exit 0
    }
    $shell = [Environment]::SystemDirectory + '\WindowsPowerShell\v1.0\powershell.exe'
    [void](Start-Process -FilePath $shell -WindowStyle Hidden -PassThru -ArgumentList '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', "$Dir\watch.ps1")
    Write-Output 'cdr-collector started'
    exit 0
}
