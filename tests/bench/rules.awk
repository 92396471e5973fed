# rules.awk - realistic rules, for measuring: awk -v rules=2000 -v dir=DIR -v seed=1 -f rules.awk
#
# DIR gets a file for every 20 rules, each with lists, lets and a macro of its own. No two
# rules are alike; what they ask is spread over the fields as people spread it.
function pick(s,    parts, n) { n = split(s, parts, " "); return parts[int(rand() * n) + 1] }
function word() { return sprintf("%s-%04x", pick("svc app db web build agent vault mail"), int(rand() * 65536)) }
function text_test() {
    return pick("host.name alert.title process.cmdline process.name file.path user.name") " " \
        pick("= contains startswith endswith") " \"" word() "\""
}
function leaf(    k) {
    k = int(rand() * 9)
    if (k < 3) return text_test()
    if (k == 3) return "alert.title like \"*" word() "*" word() "*\""
    if (k == 4 && !named++) return "(host.name in names_" file " or night_" file ")"
    if (k == 4) return text_test()
    if (k == 5) return "src.ip in \"10." int(rand() * 250) "." int(rand() * 250) ".0/24\""
    if (k == 6) return "process.cmdline matches /" word() "[0-9]{2,4}/i"
    if (k == 7 && !placed++) return "outside_" file "(client.ip)"
    if (k == 7) return text_test()
    return "raw[\"" word() "." word() "\"] " pick("> < = >=") " " int(rand() * 1000)
}
function condition(    i, n, s) {
    s = "source in [guardduty, defender] and severity >= " pick("low medium high critical")
    n = 2 + int(rand() * 5)
    named = placed = 0
    for (i = 0; i < n; i++) s = s (i % 2 ? "\n    and not (" leaf() " or " leaf() ")" : "\n    and " leaf())
    return s
}
function steps() {
    return pick("0 1 2") == 0 ? "collect snapshot; open case" : \
        "collect snapshot as disk;\n    if disk.failed then { notify slack channel=\"#ir\" text=\"{host.name}: {alert.title}\" } else { open case }"
}
BEGIN {
    srand(seed)
    for (rule = 0; rule < rules; rule++) {
        if (rule % 20 == 0) {
            file = rule / 20
            name = sprintf("%s/rules_%05d.cdr", dir, file)
            printf "cdr 1\nlist names_%d : text = [", file > name
            for (i = 0; i < 50; i++) printf "\"%s\", ", word() > name
            printf "]\nlet night_%d = hour(time) not in 7..20\n", file > name
            printf "macro outside_%d(addr : ip) = addr not in \"10.0.0.0/8\" and addr not in \"198.51.100.0/24\"\n\n", file > name
        }
        printf "rule rule_%05d \"%s\" (owner = \"ir\", attack = \"T%d\") {\n  when %s\n  then %s\n}\n\n", \
            rule, word(), 1000 + int(rand() * 600), condition(), steps() > name
        if (rule % 20 == 19) close(name)
    }
}
