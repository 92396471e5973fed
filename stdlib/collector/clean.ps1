# clean.ps1 - after place.ps1: end what is still at work, and remove the directory. Not run on
# Windows yet.
if (Test-Ours) {
    # All below the watcher, found before any is ended; ids are given out again, so a child is one that
    # began after its parent.
    $family = @()
    if (Test-Alive) {
        $all = @(Get-CimInstance Win32_Process)
        $watcher = [int][IO.File]::ReadAllText("$Dir\process").Trim().Split(' ')[0]
        $family = @($all | Where-Object { $_.ProcessId -eq $watcher })
        for ($at = 0; $at -lt $family.Count -and $family.Count -lt 10000; $at++) {
            $parent = $family[$at]
            $known = @($family | ForEach-Object { $_.ProcessId })
            $family += @($all | Where-Object { $_.ParentProcessId -eq $parent.ProcessId -and $_.CreationDate -ge $parent.CreationDate -and $known -notcontains $_.ProcessId })
        }
    }
    function Get-Left {
        return @(foreach ($one in $family) {
                Get-CimInstance Win32_Process -Filter ('ProcessId=' + $one.ProcessId) | Where-Object { $_.CreationDate -eq $one.CreationDate }
            })
    }
    foreach ($round in 1, 2, 3) {
        $left = @(Get-Left)
        if ($left.Count -eq 0) { break }
        foreach ($one in $left) { Stop-Process -Id $one.ProcessId -Force -ErrorAction SilentlyContinue }
        Start-Sleep -Seconds 1
    }
    if (@(Get-Left).Count -gt 0) {
        Write-Output 'cdr-collector refused: what it started is still at work'
        exit 1
    }
    Remove-Item -LiteralPath $Dir -Recurse -Force -ErrorAction SilentlyContinue
}
if ([IO.Directory]::Exists($Dir)) {
    Write-Output 'cdr-collector refused: the directory is not ours, or stays'
    exit 1
}
Write-Output 'cdr-collector clean'
