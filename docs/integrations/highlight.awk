# highlight.awk - grammar/keywords.def to a highlighter: -v form=vim or -v form=textmate.
# Run by make docs.
/^KEYWORD\(/ {
    split($0, part, /[(,] */)
    words[part[3]] = words[part[3]] " " part[2]
}

function alternatives(kind, text) {
    text = substr(words[kind], 2)
    gsub(/ /, "|", text)
    return text
}

function rule(name, match_text, comma) {
    printf "    { \"name\": \"%s\", \"match\": \"%s\" }%s\n", name, match_text, comma
}

function textmate() {
    print "{"
    print "  \"name\": \"cdr\","
    print "  \"scopeName\": \"source.cdr\","
    print "  \"fileTypes\": [\"cdr\"],"
    print "  \"patterns\": ["
    rule("comment.line.number-sign.cdr", "#.*$", ",")
    print "    { \"name\": \"string.quoted.double.cdr\", \"begin\": \"\\\"\", \"end\": \"\\\"|$\","
    print "      \"patterns\": [{ \"name\": \"constant.character.escape.cdr\", \"match\": \"\\\\\\\\.\" }] },"
    rule("string.regexp.cdr", "(?<=matches )/(\\\\\\\\.|[^/\\\\\\\\])+/[ims]*", ",")
    rule("keyword.control.cdr", "(?<![.\\\\w])(" alternatives("VERB") ")\\\\b", ",")
    rule("keyword.declaration.cdr", "^\\\\s*(" alternatives("ITEM") ")\\\\b", ",")
    rule("keyword.operator.word.cdr", "(?<![.\\\\w])(" alternatives("RESERVED") ")\\\\b", ",")
    rule("keyword.other.cdr", "(?<![.\\\\w])(" alternatives("CONTEXTUAL") ")\\\\b(?!\\\\s*=)", ",")
    rule("constant.numeric.cdr", "\\\\b\\\\d+(\\\\.\\\\d+)?(ms|[smhdw])?\\\\b", "")
    print "  ]"
    print "}"
}

function vim(    word, i) {
    print "\" cdr.vim - made by make docs from grammar/keywords.def"
    print "if exists(\"b:current_syntax\")"
    print "  finish"
    print "endif"
    print "syntax iskeyword @,48-57,_"
    print "syntax keyword cdrVerb" words["VERB"]
    # A line for each word, since `contains` would be read as an argument of vim. An item's word
    # is a name elsewhere: `source` is a field.
    split(substr(words["ITEM"], 2), word, " ")
    for (i = 1; i in word; i++)
        printf "syntax match cdrItem /^\\s*\\zs\\<%s\\>/\n", word[i]
    split("", word)
    split(substr(words["RESERVED"], 2), word, " ")
    for (i = 1; i in word; i++)
        printf "syntax match cdrOperator /\\.\\@<!\\<%s\\>/\n", word[i]
    split("", word)
    split(substr(words["CONTEXTUAL"], 2), word, " ")
    for (i = 1; i in word; i++)
        printf "syntax match cdrWord /\\.\\@<!\\<%s\\>\\(\\s*=\\)\\@!/\n", word[i]
    print "syntax match cdrNumber /\\<\\d\\+\\(\\.\\d\\+\\)\\?\\(ms\\|[smhdw]\\)\\?\\>/"
    print "syntax region cdrText start=/\"/ skip=/\\\\./ end=/\"/ oneline"
    print "syntax region cdrRegex start=/\\%(matches \\)\\@<=\\// skip=/\\\\./ end=/\\/[ims]*/ oneline"
    print "syntax match cdrComment /#.*$/"
    print "highlight default link cdrVerb Statement"
    print "highlight default link cdrItem Keyword"
    print "highlight default link cdrOperator Operator"
    print "highlight default link cdrWord Special"
    print "highlight default link cdrNumber Number"
    print "highlight default link cdrText String"
    print "highlight default link cdrRegex String"
    print "highlight default link cdrComment Comment"
    print "let b:current_syntax = \"cdr\""
}

END {
    if (form == "vim")
        vim()
    else
        textmate()
}
