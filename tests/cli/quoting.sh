#!/usr/bin/env bash
# quoting.sh - hostile strings (tests/golden/hostile.hex) through real shells, a tokenizer of PowerShell and
# independent readers of URLs, FQL and OData: what arrives is what was meant, and nothing else runs.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

made=$(dirname "${CDR##* }")/tests/unit/test_quoting
hex=$root/tests/golden/hostile.hex
if [ ! -x "$made" ]; then
    skip "quoting" "there is no $made"
    finish
    exit
fi
printed() { (cd "$root" && "$(realpath "$made")" "$1"); }
made=$(realpath "$made")
python3 "$root/tests/golden/hostile.py" >again.hex
holds "the strings are those that hostile.py makes" cmp -s again.hex "$hex"
holds "there are at least 500 of them" test "$(sort -u "$hex" | wc -l)" -ge 500

# Through each shell: a file for each string, and nothing but those.
for shell in dash bash 'bash --posix' 'busybox sh' ksh mksh zsh; do
    command -v "${shell%% *}" >/dev/null || { skip "$shell writes what was meant" "it is not installed"; continue; }
    rm -rf words && mkdir words
    printed sh >words.sh
    # shellcheck disable=SC2086 # two words
    (cd words && LC_ALL=C $shell ../words.sh) >"$out" 2>"$err" </dev/null
    status=$?
    exits 0 "$shell reads it"
    holds "$shell: it prints nothing" test ! -s "$out" -a ! -s "$err"
    holds "$shell: each file is byte for byte what was meant, and there is no other" python3 - "$hex" words <<'END'
import os, sys
wanted = {str(n): bytes.fromhex(line.strip()) for n, line in enumerate(open(sys.argv[1]), 1)}
wanted = {name: data for name, data in wanted.items() if b"\0" not in data}
found = {name: open(os.path.join(sys.argv[2], name), "rb").read() for name in os.listdir(sys.argv[2])}
assert found == wanted, [name for name in set(found) | set(wanted) if found.get(name) != wanted.get(name)][:9]
END
done

# PowerShell: pwsh where it is, else the grammar that editors use.
printed powershell >literals
if command -v pwsh >/dev/null; then
    cat >literals.ps1 <<'END'
$failed = 0
foreach ($line in [IO.File]::ReadLines("$PWD/literals")) {
    $pair = $line.Split(' ')
    if ($pair[1] -eq '-') { continue }
    $bytes = foreach ($word in $pair) { , [Convert]::FromHexString($word) }
    $utf8 = New-Object Text.UTF8Encoding $false, $true
    try { $meant = $utf8.GetString($bytes[0]) } catch { continue }
    $errors = $null
    $tokens = $null
    $tree = [Management.Automation.Language.Parser]::ParseInput($utf8.GetString($bytes[1]), [ref]$tokens, [ref]$errors)
    if ($errors.Count -or $tokens.Count -ne 2 -or $tokens[0].Kind -ne 'StringLiteral' -or $tokens[0].Value -cne $meant) { $failed++ }
}
exit [int]($failed -ne 0)
END
    holds "pwsh reads each as one literal of that text" pwsh -NoProfile -File literals.ps1
else
    skip "pwsh reads each as one literal of that text" "it is not installed"
fi
venv=$root/build/powershell-venv wanted="tree-sitter==0.26.1 tree-sitter-powershell==0.26.4"
# shellcheck disable=SC2086 # two words
if "$venv/bin/python" -c 'import tree_sitter_powershell' 2>/dev/null ||
    { python3 -m venv "$venv" && timeout 120 "$venv/bin/pip" -q install $wanted; } >pip.log 2>&1; then
    holds "a grammar of PowerShell reads each as one literal" "$venv/bin/python" - literals <<'END'
import sys
import tree_sitter, tree_sitter_powershell
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
failed = read = 0
for line in open(sys.argv[1]):
    meant, quoted = line.split(" ") if not line.startswith(" ") else ("", line[1:])
    if quoted.strip() == "-":
        continue
    text = bytes.fromhex(quoted)
    try:
        text.decode()
    except UnicodeDecodeError:
        continue
    if any(quote.encode() in text for quote in "\u2018\u2019\u201a\u201b"):
        continue  # it knows the plain quotation mark alone: test_quoting.c reads those
    root = parser.parse(text).root_node
    node = root
    while node.child_count == 1 and node.end_byte - node.start_byte == len(text):
        node = node.children[0]
    read += 1
    if root.has_error or node.start_byte != 0 or node.end_byte != len(text) or "verbatim_string" not in node.type:
        failed += 1
        print("#", meant[:60], node.type, root.has_error, file=sys.stderr)
sys.exit(failed != 0 or read < 500)
END
    "${made%quoting}collector" start windows k-1 >start.ps1
    holds "and the collector for Windows, as it is sent" "$venv/bin/python" - start.ps1 "$root"/stdlib/collector/*.ps1 <<'END'
import sys
import tree_sitter, tree_sitter_powershell
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
for name in sys.argv[1:]:
    text = open(name, "rb").read()
    assert text.isascii() and not parser.parse(text).root_node.has_error, name
END
else
    skip "a grammar of PowerShell reads each as one literal" "$wanted could not be installed: $(tail -n 1 pip.log)"
fi

# Addresses, by Python's own reader; filters, by readers written here from the languages' grammars.
for place in segment query fql odata; do
    printed $place >requests
    holds "$place: what is read back is what was meant" python3 - $place requests <<'END'
import sys
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

def one(text, end, escape):
    """The text between quotation marks, to the end of `text`; escape(rest) is (characters, text)."""
    out = ""
    while text:
        if text == end:
            return out
        used, piece = escape(text)
        out, text = out + piece, text[used:]
    raise ValueError("it does not end")

def fql(text):  # name:'value', a backslash before what could end it
    assert text.startswith("hostname:'"), text
    return one(text[10:], "'", lambda t: (2, t[1]) if t[0] == "\\" else (0, 1 / 0) if t[0] == "'" else (1, t[0]))

def odata(text):  # OData 4.01 ABNF: SQUOTE *( SQUOTE-in-string / pchar-no-SQUOTE ) SQUOTE
    assert text.startswith("hostname eq '"), text
    return one(text[13:], "'", lambda t: (2, "'") if t[:2] == "''" else (0, 1 / 0) if t[0] == "'" else (1, t[0]))

place, read, refused = sys.argv[1], 0, 0
for line in open(sys.argv[2]):
    meant, body = line.rstrip("\n").split(" ")
    meant = bytes.fromhex(meant)
    if body == "-":
        refused += 1
        if place in ("fql", "odata"):  # neither language can hold them
            try:
                assert any(ord(c) < 32 or ord(c) == 127 for c in meant.decode()) or b"\x7f" in meant or not meant.decode().isprintable(), meant
            except UnicodeDecodeError:
                pass
        else:
            assert place == "segment" and meant in (b"", b".", b".."), meant
        continue
    method, target = bytes.fromhex(body).decode("ascii").rstrip("\n").split("\n")[0].split(" ")
    parts = urlsplit("https://host.example" + target)
    assert method == "GET" and parts.netloc == "host.example" and not parts.fragment, target
    if place == "segment":
        assert not parts.query and parts.path.startswith("/a/") and parts.path.count("/") == 2, target
        found = unquote_to_bytes(parts.path[3:])
    else:
        [(name, value)] = parse_qsl(parts.query, keep_blank_values=True, encoding="utf-8", errors="surrogateescape", separator="&")
        assert name == "f" and parts.path == "/a" and "+" not in parts.query, target
        if place != "query":
            value = {"fql": fql, "odata": odata}[place](value)
        found = value.encode("utf-8", "surrogateescape")
    assert found == meant, (found, meant)
    read += 1
assert read >= 500, read
END
done
finish
