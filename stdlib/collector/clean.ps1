# clean.ps1 - after place.ps1: end what is still at work, and remove the directory. Not run on
# Windows yet.
if (Test-Ours) {
    if (Test-Alive) {
        $watcher = [int][IO.File]::ReadAllText("$Dir\process").Trim().Split(' ')[0]
        foreach ($child in @(Get-CimInstance Win32_Process -Filter "ParentProcessId=$watcher")) {
            Stop-Process -Id $child.ProcessId -Force -ErrorAction SilentlyContinue
        }
        Stop-Process -Id $watcher -Force -ErrorAction SilentlyContinue
        Start-Sleep -Seconds 1
    }
    Remove-Item -LiteralPath $Dir -Recurse -Force -ErrorAction SilentlyContinue
}
if ([IO.Directory]::Exists($Dir)) {
    Write-Output 'cdr-collector refused: the directory is not ours, or stays'
    exit 1
}
Write-Output 'cdr-collector clean'
