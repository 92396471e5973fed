#!/usr/bin/env python3
"""hostile.py - the strings of hostile.hex: what alerts, hosts and file names may hold to break out of
where they are put. One a line, in hex, so that nothing in them means anything here.

    tests/golden/hostile.py > tests/golden/hostile.hex
"""
import itertools

strings = []


def add(*some):
    for text in some:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if data not in strings:
            strings.append(data)


CANARY = "touch canary"
quotes = ["'", '"', "`", "\u2018", "\u2019", "\u201a", "\u201b", "\u201c", "\u201d", "\u201e", "\u00b4", "\uff07"]

# Nothing, little, and white space of every kind.
add("", " ", "  ", "\t", "\n", "\r", "\r\n", "\n\n", "\v", "\f", "\u00a0", "\u2028", "\u2029", "\u3000", "\ufeff")
add("-", "--", "-n", "-e x", "--help", "-rf", "/", "//", ".", "..", "~", "~root", "*", "?", "[a-z]", "{a,b}", "!", "!!", "#", "$", "%", "&", "@")
# Each quotation mark alone, doubled, at either end, and around the others.
for quote in quotes:
    add(quote, quote * 2, quote * 3, "a" + quote, quote + "a", "a" + quote + "b", quote + "; " + CANARY + "; " + quote)
for one, other in itertools.permutations(quotes[:7], 2):
    add(one + other, one + "; " + CANARY + " #" + other)
# Ways out of a word of a POSIX shell, each behind each thing that might end it.
ways = ["$(" + CANARY + ")", "`" + CANARY + "`", "; " + CANARY, "| " + CANARY, "|| " + CANARY, "&& " + CANARY, "& " + CANARY,
        "\n" + CANARY + "\n", "\r\n" + CANARY, ">canary", ">>canary", "<canary", "<(" + CANARY + ")", "${IFS}", "$((1/0))",
        "${x:=canary}", "$'\\x27; " + CANARY + "'", "(" + CANARY + ")", "{ " + CANARY + "; }", "<<EOF\n$(" + CANARY + ")\nEOF"]
for way in ways:
    for end in ["", "'", '"', "\\", "\\'", "'\\''", "'\"'\"'", "\u2019", ")", "\n"]:
        add(end + way, end + way + end)
# Of PowerShell.
ways = ["$(New-Item canary)", "; New-Item canary", "| Out-File canary", "`n New-Item canary", "& { New-Item canary }",
        "@'\nNew-Item canary\n'@", "${env:PATH}", "--%", "$env:COMSPEC", "'+(New-Item canary)+'", "%COMSPEC%", "^& echo x>canary"]
for way in ways:
    for quote in quotes[:7]:
        add(way, quote + way, quote * 2 + way, quote + way + quote, quote * 3 + way)
# Of FQL, OData, URLs, JSON, HTML, templates, SQL.
add("') or ('a' eq 'a", "' or 1 eq 1 or '", "'+status:'new", "x'+hostname:*'*'", "\\'+platform:'x", "a'],b:['c", "*", "!*", "a,b", "a+b", "a|b",
    "?a=b&c=d", "a&$filter=true", "%27", "%00", "%2e%2e%2f", "..%2f..", "../../etc/passwd", "..\\..\\x", "a/b/c", "a#b", "a?b", "a;b", "a=b",
    "http://127.0.0.1/", "//evil.example/x", "\" , \"admin\": true, \"x\": \"", "\\u0027", "\\", "\\\\", "\\n", "</script><script>x</script>",
    "<!--", "<![CDATA[", "&lt;", "{{7*7}}", "{{ssm:secret}}", "${jndi:ldap://x}", "#{x}", "<%= x %>", "{%raw%}", "%s%n%x", "{0}", "{output}",
    "'; drop table x; --", "cdr-late-put:b/k:r:9;", "cdr-late-file:00:/etc/shadow", "CDR_END", "\nCDR_END\n" + CANARY, "\nCDR_SCRIPT\nlaunch\n")
# Control characters, each of them, and terminals' sequences.
for number in list(range(1, 32)) + [127]:
    add("a" + chr(number) + "b", chr(number) + "'" + chr(number))
add("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J", "\u009b31m", "\u0085", "\u0090x\u009c")
# Direction, joining, invisible, wide, combining, of several planes.
for point in [0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0xAD,
              0x61C, 0x34F, 0x115F, 0x180E, 0xFE0F, 0xFFFD, 0xFFFE, 0xFFFF, 0xE000, 0xE0041, 0x10FFFF, 0x1F600, 0x1D7D8]:
    add("a" + chr(point) + "b", chr(point) + "'")
add("gpj.exe\u202etxt.", "\u0430dmin", "e\u0301" * 20, "\u05d0\u05d1\u05d2 abc", "\u65e5\u672c\u8a9e", "\u0451\u2018\u0451", "Z\u0351\u036b\u0343", "\U0001f468\u200d\U0001f469\u200d\U0001f467")
# Bytes that are no UTF-8.
add(b"\xff", b"\xfe\xff", b"\xc3", b"\xc3'", b"\xe2\x80", b"\xe2\x80'", b"\xe2\x80\x99'", b"\xc0\xa7", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"a\x80b",
    b"\x91; New-Item canary", b"\x92", bytes(range(128, 256)))
# NUL, which no word can hold.
add(b"\0", b"a\0b", b"'\0; touch canary")
# Long ones.
add("a" * 4096, "'" * 4096, "\u2019" * 2048, "\\" * 4097, "$(" * 2000, "{" * 1000, ("'; " + CANARY + "; ") * 200, "x" * 20000, "\n" * 500)

for data in strings:
    print(data.hex())
