" cdr.vim - made by make docs from grammar/keywords.def
if exists("b:current_syntax")
  finish
endif
syntax iskeyword @,48-57,_
syntax keyword cdrVerb call collect import notify open respond
syntax match cdrItem /^\s*\zs\<always\>/
syntax match cdrItem /^\s*\zs\<channel\>/
syntax match cdrItem /^\s*\zs\<collector\>/
syntax match cdrItem /^\s*\zs\<connection\>/
syntax match cdrItem /^\s*\zs\<daemon\>/
syntax match cdrItem /^\s*\zs\<defaults\>/
syntax match cdrItem /^\s*\zs\<disable\>/
syntax match cdrItem /^\s*\zs\<environment\>/
syntax match cdrItem /^\s*\zs\<exception\>/
syntax match cdrItem /^\s*\zs\<let\>/
syntax match cdrItem /^\s*\zs\<list\>/
syntax match cdrItem /^\s*\zs\<macro\>/
syntax match cdrItem /^\s*\zs\<never\>/
syntax match cdrItem /^\s*\zs\<profile\>/
syntax match cdrItem /^\s*\zs\<role\>/
syntax match cdrItem /^\s*\zs\<rule\>/
syntax match cdrItem /^\s*\zs\<source\>/
syntax match cdrItem /^\s*\zs\<test\>/
syntax match cdrItem /^\s*\zs\<use\>/
syntax match cdrOperator /\.\@<!\<all\>/
syntax match cdrOperator /\.\@<!\<and\>/
syntax match cdrOperator /\.\@<!\<any\>/
syntax match cdrOperator /\.\@<!\<anywhere\>/
syntax match cdrOperator /\.\@<!\<avg\>/
syntax match cdrOperator /\.\@<!\<by\>/
syntax match cdrOperator /\.\@<!\<cased\>/
syntax match cdrOperator /\.\@<!\<contains\>/
syntax match cdrOperator /\.\@<!\<count\>/
syntax match cdrOperator /\.\@<!\<else\>/
syntax match cdrOperator /\.\@<!\<endswith\>/
syntax match cdrOperator /\.\@<!\<exists\>/
syntax match cdrOperator /\.\@<!\<false\>/
syntax match cdrOperator /\.\@<!\<followed\>/
syntax match cdrOperator /\.\@<!\<forget\>/
syntax match cdrOperator /\.\@<!\<if\>/
syntax match cdrOperator /\.\@<!\<in\>/
syntax match cdrOperator /\.\@<!\<is\>/
syntax match cdrOperator /\.\@<!\<like\>/
syntax match cdrOperator /\.\@<!\<matches\>/
syntax match cdrOperator /\.\@<!\<max\>/
syntax match cdrOperator /\.\@<!\<min\>/
syntax match cdrOperator /\.\@<!\<missing\>/
syntax match cdrOperator /\.\@<!\<new\>/
syntax match cdrOperator /\.\@<!\<not\>/
syntax match cdrOperator /\.\@<!\<null\>/
syntax match cdrOperator /\.\@<!\<of\>/
syntax match cdrOperator /\.\@<!\<or\>/
syntax match cdrOperator /\.\@<!\<percentile\>/
syntax match cdrOperator /\.\@<!\<spike\>/
syntax match cdrOperator /\.\@<!\<startswith\>/
syntax match cdrOperator /\.\@<!\<sum\>/
syntax match cdrOperator /\.\@<!\<then\>/
syntax match cdrOperator /\.\@<!\<travel\>/
syntax match cdrOperator /\.\@<!\<true\>/
syntax match cdrOperator /\.\@<!\<unless\>/
syntax match cdrOperator /\.\@<!\<until\>/
syntax match cdrOperator /\.\@<!\<untrusted\>/
syntax match cdrOperator /\.\@<!\<when\>/
syntax match cdrOperator /\.\@<!\<within\>/
syntax match cdrWord /\.\@<!\<accept\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<after\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<alert\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<approve\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<as\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<cdr\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<dedup\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<distinct\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<escalate\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<every\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<expect\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<failure\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<faster\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<for\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<from\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<implies\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<irreversible\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<join\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<learn\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<limit\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<mode\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<no\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<on\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<organization\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<over\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<own\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<per\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<percent\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<quiet\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<reason\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<result\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<shadow\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<skip\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<stop\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<target\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<targets\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<than\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<timeout\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<times\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<to\>\(\s*=\)\@!/
syntax match cdrWord /\.\@<!\<wait\>\(\s*=\)\@!/
syntax match cdrNumber /\<\d\+\(\.\d\+\)\?\(ms\|[smhdw]\)\?\>/
syntax region cdrText start=/"/ skip=/\\./ end=/"/ oneline
syntax region cdrRegex start=/\%(matches \)\@<=\// skip=/\\./ end=/\/[ims]*/ oneline
syntax match cdrComment /#.*$/
highlight default link cdrVerb Statement
highlight default link cdrItem Keyword
highlight default link cdrOperator Operator
highlight default link cdrWord Special
highlight default link cdrNumber Number
highlight default link cdrText String
highlight default link cdrRegex String
highlight default link cdrComment Comment
let b:current_syntax = "cdr"
