"""What jinja2 makes of many small templates: Tests/Fixtures/TinyTemplates/templates.jsonl.

    venv/bin/python Scripts/make_template_fixture.py

The environment is the one that transformers renders chat templates in. Each line of the fixture is a template with its
text, or with `fails` where rendering it is an error. Ends with status 1 when the fixture changed.
"""

import datetime
import json
import sys
from pathlib import Path

import jinja2
import transformers
from transformers.utils import chat_template_utils

VERSIONS = {"jinja2": "3.1.6", "transformers": "5.23.0"}
FIXTURE = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "TinyTemplates" / "templates.jsonl"

VARIABLES = {
    "m": {"role": "user", "content": "Hi\nthere "},
    "msgs": [
        {"role": "system", "content": "S"}, {"role": "user", "content": "b"},
        {"role": "assistant", "content": "A", "tool_calls": []},
    ],
    "big": 123456789012345678901234567890, "bigf": 1e25, "tools": None,
}

# One expression a line.
EXPRESSIONS = r'''
1+1
7//2
-7//2
7//-2
-7%3
7%-3
7.5//2
-7.5//2
-7.5%2
7.5%-2
0.0//5
-0.0//5
5%-5.0
1/3
6/3
2**10
2**-1
-2**2
2**0.5
2**3**2
1e16
1e15
123456789012345680.0
1e-5
0.0001
1.5e300*1e10
1e308*10
-0.0
1_000
0x1F
0b101
0o17
1.0
100.0
1e22
5e-324
1.7976931348623157e308
0.1+0.2
True
none
[1,'a',none,true,1.5]
(1,)
()
(1,2)
{'a':1,'b':[1,{'c':none}]}
{}
'a"b'
["it's"]
["a'b\"c"]
['a\\b\n\t\r\x00\x7f\u00e9\u200b\U0001f600\u2028\xad']
'abc'[0]
'abc'[-1]
'abc'[5]
'abcdef'[1:4]
'abcdef'[::-1]
'abcdef'[-3:]
'abcdef'[:-1]
'abcdef'[::2]
'abcdef'[5:1:-2]
[1,2,3][1:]
[1,2,3][::-1]
(1,2,3)[:2]
[1,2,3][10:]
[1,2,3][-10:2]
[1,2,3][::0]
'a' 'b' "c"
'a' ~ 1 ~ none ~ 1.5 ~ [1]
'a' + 'b'
'a' * 3
3 * 'a'
[1] * 2
[1] + [2]
(1,) + (2,)
'a' + 1
1 + none
'a' < 'b'
[1,2] < [1,3]
1 < 2 < 3
1 < 2 > 3
1 == 1.0
true == 1
'1' == 1
none == none
1 in [1,2]
'a' in 'abc'
1 in 'abc'
'a' in {'a':1}
3 not in [1]
not 1 in [1]
1 if true else 2
1 if false
(1 if false) is defined
x
x.y
x.y.z
x['y']
x is defined
x or 'd'
not x
x == y
x ~ 'a'
x + 'a'
x < 1
x|length
x|upper
x|list
x|join(',')
x|default('q')
x|default(1)|string
''|default('e', true)
none|default('e')
none|default('e', true)
x|int
x|tojson
x|items|list
x|first
x|last
x|sort
x|sum
x|min
x|reverse|list
x|trim
x|replace('a','b')
x|string
x|safe
x|map('upper')|list
x|selectattr('a')|list
x|truncate
x|capitalize
x|wordcount
x|indent
x|dictsort
x|unique|list
x in [1]
1 in x
x is string
x is sequence
x is iterable
x is callable
x is none
x is number
m.role
m['role']
m.missing
m.missing.deeper
m.items
m.items()
m.items()|list
m.keys()|list
m.keys()
m.values()|list
m.values()
m.get('role')
m.get('q')
m.get('q','z')
m.get('q',none)
m|length
m|list
m|string
m|items|list
m|dictsort
m|tojson
m.update({'a':1})
m.pop
m.pop('a')
m.__class__
m['__class__']
m.__class__.__name__
msgs.append(1)
msgs.append
msgs|length
msgs[0].role
msgs[-1]['content']
msgs|map(attribute='role')|join(',')
msgs|map(attribute='zz', default='n')|join(',')
msgs|selectattr('role','equalto','user')|list
msgs|selectattr('role','equalto','user')|map(attribute='content')|first
msgs|rejectattr('role','eq','user')|list|length
msgs|selectattr('tool')|list
msgs|selectattr('role','in',['user'])|list|length
msgs|selectattr('role','equalto','user')|length
msgs|groupby('role')
msgs|groupby('role')|map(attribute='grouper')|list
msgs|sort(attribute='content')|map(attribute='content')|list
msgs|sort(attribute='role,content')|map(attribute='content')|list
msgs|map(attribute='content.0')|list
msgs|first
msgs|last
msgs|batch(2)|list
msgs|slice(2)|list
[1,2,3,4,5]|batch(2,'x')|list
[1,2,3,4,5]|slice(3,'x')|list
[3,1,2]|sort
[3,1,2]|sort(reverse=true)
['b','A','c']|sort
['b','A','c']|sort(case_sensitive=true)
[1,'a']|sort
['a','A','b']|unique|list
['a','A','b']|unique(true)|list
[1,1.0,true,2]|unique|list
[[1]]|unique|list
[3,1,2]|max
['b','A']|min
['b','A']|min(case_sensitive=true)
[]|max
[]|first
[]|last
[1,2]|sum
[[1],[2]]|sum(start=[])
['a']|sum
[{'a':1},{'a':2}]|sum('a')
[1,2]|join
[1,2]|join('-')
'abc'|join('-')
'abc'|list
'abc'|reverse
[1,2]|reverse
[1,2]|reverse|list
'abc'|first
'abc'|last
'abc'|length
'é'|length
'e\u0301'|length
'👍🏽'|length
'a\r\nb'|length
'e\u0301' == 'é'
'ABC'|lower
'straße'|upper
'ΑΣ'|lower
'hello world'|title
'hello-world (foo)'|title
"it's o'neil"|title
"it's o'neil".title()
'hELLO'|capitalize
'ab'|center(6)
'abc'|center(6)
'ab'.center(5,'*')
'abc'.center(6,'*')
'ab'.ljust(5,'.')
'ab'.rjust(5)
'-5'.zfill(4)
'5'.zfill(4)
'a\tb'.expandtabs(4)
' a '|trim
'xxaxx'|trim('x')
'  a '.strip()
'xxaxx'.strip('x')
'xxaxx'.lstrip('x')
'xxaxx'.rstrip('x')
'abc'.strip(none)
' a  b '.split()
'a,b,c'.split(',')
'a,b,c'.split(',',1)
'a,b,c'.rsplit(',',1)
' a b c '.split(none,1)
' a b c '.rsplit(none,1)
'a,b,c'.split(sep=',', maxsplit=1)
''.split()
''.split(',')
'abc'.split('')
'a</think>b</think>c'.split('</think>')[-1]
'a\nb\r\nc\x0bd'.splitlines()
'a\nb\n'.splitlines(true)
'abc'.startswith('a')
'abc'.startswith(('x','a'))
'abc'.startswith('b',1)
'abc'.endswith('c')
'abc'.endswith(['c'])
'abc'.endswith('b',0,2)
'abcabc'.find('b')
'abcabc'.rfind('b')
'abcabc'.find('b',2)
'abc'.find('z')
'abc'.index('z')
'éab'.find('a')
'abcabc'.count('b')
'aaa'.count('aa')
'abc'.count('')
'abc'.replace('b','x')
'aaa'.replace('a','b',2)
'abc'.replace('','-')
'abc'.upper()
'aBc'.swapcase()
'abc'.join(['1','2'])
'-'.join([1])
'abc'.partition('b')
'abc'.rpartition('z')
'abc'.removeprefix('a')
'abc'.removesuffix('c')
'abc'.isdigit()
'12'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
'abc'.isalpha()
'ab1'.isalnum()
' '.isspace()
''.isspace()
'abc'.islower()
'ABC'.isupper()
'Abc Def'.istitle()
'a1'.isidentifier()
'abc'.isascii()
'a\n'.isprintable()
'ABC'.casefold()
'abc'.foo
'abc'.foo()
'{} {}'.format(1,'a')
'{0} {1} {0}'.format('a','b')
'{a}'.format(a=1)
'{a[b]} {c.role}'.format(a={'b':2}, c=m)
'{:>5}|{:<5}|{:^5}'.format('a','b','c')
'{:05d} {:,} {:x} {:b} {:#x}'.format(42,1234567,255,5,255)
'{:.2f} {:e} {:g} {:%}'.format(3.14159,12345.678,0.00001,0.25)
'{!r} {!s}'.format('a','b')
'{{}}'.format()
'{:{}}'.format('a',5)
'{'.format()
'}'.format()
'{}'.format()
'{:+d} {: d}'.format(5,5)
'{:.3}'.format('abcdef')
'{:10.3f}|'.format(2.5)
'{:_}'.format(1234567)
'{x}'.format_map({'x':1})
'%s and %d' % ('a', 3)
'%s' % 'a'
'%5.2f|%-5s|%05d' % (3.14159,'ab',42)
'%(a)s' % {'a':1}
'%x %X %o %e %g' % (255,255,8,1234.5,0.0001)
'%%'|format
'%s %s'|format('a')
'%s'|format('a','b')
'%s=%s'|format(1,[2])
'%r' % 'a'
'%c%c' % ('a',98)
'%+d % d' % (5,5)
'%.3s' % 'abcdef'
'%5s|%-5s|' % ('a','b')
'%d' % 3.7
'%d' % 'a'
'%.3d' % 5
'%#x' % 255
'%s' % none
'a' % 1
1.5|round
2.5|round
2.675|round(2)
42|round
-2.5|round
1234.5|round(-2)
15|round(-1)
25|round(-1)
42.55|round(1,'floor')
42.51|round(1,'ceil')
42|round(0,'ceil')
-5|abs
-5.5|abs
true|abs
'a'|abs
'42'|int
'42.7'|int
'abc'|int
'abc'|int(7)
'0x1F'|int(base=16)
'1F'|int(0,16)
'0b11'|int(0,2)
' 42 '|int
'1_000'|int
none|int
[]|int
3.99|int
-3.99|int
true|int
'1e3'|int
'inf'|int
'3.5'|float
'abc'|float
'abc'|float(1.5)
'1e5'|float
' 2 '|float
'inf'|float
'nan'|float
'.5'|float
'5.'|float
'+5'|float
none|float
5|float
[1,2]|string
1.0|string
1|string + 'a'
none|string
m|tojson
m|tojson(indent=2)
[1,[2,{}],[],{'a':{}}]|tojson(indent=4)
'é"\\\n\x01\u2028<>&\''|tojson
'é😀\x7f'|tojson(ensure_ascii=true)
{'b':1,'a':2}|tojson(sort_keys=true)
{'b':1,'a':2}|tojson(separators=(',',':'))
{'b':1,'a':[1,2]}|tojson(indent=2,separators=(',',':'))
{1:2,none:3,true:4,1.5:6}|tojson
(1,2)|tojson
1.0|tojson
1e100|tojson
range(3)|tojson
[x]|tojson
m.items()|tojson
[1]|tojson(indent='\t')
m|tojson(true)
m|tojson(false,2)
range(3)
range(3)|list
range(1,10,3)|list
range(5,0,-2)|list
range(0)
range(3)[1]
range(3)[-1]
range(10)[2:5]
range(10)[::3]|list
range(100001)
range(1,2,0)
3 in range(5)
range(3)|length
range(1,3)
dict(a=1)
dict({'a':1},b=2)
dict([('a',1)])
namespace(a=1)
namespace(a=1).a
namespace(_a=1)
'<a>'|escape
'<a>'|e
('<'|safe) + '<'
'<' + ('<'|safe)
('<'|safe) ~ '<'
('<'|escape)|upper
['<'|safe]
'<&>"\''|forceescape
('<'|safe)|replace('<','>')
('<'|safe).replace('<','<')
('a%s'|safe) % '<'
('{}'|safe).format('<')
('a'|safe).join(['<','>'])
['<'|safe, '>']|join('<')
('<'|safe) is escaped
('<'|safe)|tojson
('<'|safe)[0] + '<'
('<'|safe)*2 + '<'
'a b/c?d=é'|urlencode
{'a b':'c/d'}|urlencode
[('a',1)]|urlencode
'foo bar baz qux'|truncate(9)
'foo bar baz qux'|truncate(9,true)
'foo bar baz qux'|truncate(11)
'foo bar baz qux'|truncate(11,false,'...',0)
'foo bar baz qux'|wordwrap(7)
'foo-bar baz-qux aaaaaaaaaaaaaaaaa'|wordwrap(6)
'a well-known--thing x--y foo-b'|wordwrap(4)
'hello  world\n\nfoo'|wordwrap(5,false)
m|string|wordwrap(4)
'foo bar'|wordcount
"it's a_b c-d"|wordcount
'a\nb\n\nc'|indent
'a\nb\n\nc'|indent(2,true)
'a\nb\n\nc'|indent(2,true,true)
'a\nb'|indent('> ')
'a\nb\n'|indent(width=2)
'a'|indent(first=true)
1|indent
'<p>a &amp; <b>b</b>  c</p><!-- x -->'|striptags
{'a':1,'b':none,'c':'<'}|xmlattr
1000|filesizeformat
1500000|filesizeformat
1024|filesizeformat(true)
1|filesizeformat
{'b':1,'A':2}|dictsort
{'b':1,'A':2}|dictsort(true)
{'b':1,'A':2}|dictsort(false,'value')
{'b':1,'A':2}|dictsort(reverse=true)
'ab'|attr('upper')
m|attr('role')
m|attr('items')
1 is odd
2 is even
9 is divisibleby 3
9 is divisibleby(2)
1.5 is odd
'a' is odd
1 is number
true is number
true is integer
1 is integer
1.0 is float
true is boolean
true is true
false is false
1 is true
'a' is string
m is mapping
[1] is sequence
m is sequence
1 is iterable
'a' is iterable
range is callable
1 is sameas 1
none is sameas none
true is sameas(true)
[] is sameas []
'abc' is lower
'ABC' is upper
1 is in [1]
1 is eq 1
1 is ne 2
1 is == 1
1 is gt 0
1 is lessthan 2
1 is ge 1
'upper' is filter
'odd' is test
'zzz' is filter
1 is not odd
not 1 is odd
'a' is not none and 'b' is string
x is defined and x
x is not defined or y
m.role is defined
m.zz is undefined
(1 is odd) is true
1 is odd is true
[1,2,3]|select('odd')|list
[1,2,3]|reject('odd')|list
[0,1,'']|select|list
[1,2,3]|select('gt',1)|list
[1,2,3]|select('zzz')|list
[]|select('zzz')|list
['a']|map('upper')|list
['a']|map('zzz')|list
['ab','c']|map('replace','a','x')|list
['ab','c']|map('length')|list
[[1,2]]|map('join','-')|list
[1]|map|list
[{'a':{'b':1}}]|map(attribute='a.b')|list
{'a':1}.a
{'a':1}['a']
{1:'x'}[1]
{1:'x'}[1.0]
{1:'x'}[true]
{'items':1}.items
{'items':1}['items']
{'a':1}[[1]]
[1,2]['a']
[1,2][true]
[1,2][1.0]
[1,2].0
[[1,2]].0.1
none.foo
none['foo']
none.foo.bar
(1).foo
5[0]
true + true
true and 'a'
'' or 'b'
0 or none
1 and 2 and 3
[] or {} or 'x'
"a" if 1 else "b" if 0 else "c"
1 if 0 else 2 if 0 else 3
(1,2)|first
(1,2).count(1)
[1,2].index(2)
[1,2].index(3)
[1,2,1].count(1)
[1].copy()
m.copy()
{'a':1}.keys() == {'a':2}.keys()
[1,2] == [1,2]
[1,2] == (1,2)
{'a':1,'b':2} == {'b':2,'a':1}
strftime_now('%d %b %Y')
strftime_now('%Y-%m-%d %H:%M:%S %A %B %j %p %I %-d %y %a %e %U %W %V %u %w %%')
strftime_now('%-m/%-d/%y %#Z %D %T %R %F %c %x %X %r %h %C %G %g %k %l %P %n %t')
raise_exception('boom')
raise_exception('boom ' + 'x')
raise_exception()
m|zzz
m is zzz
(m|zzz) if false else 'ok'
foo()
range()
'a'()
m.role()
[1,2,3,]
(1,2,)
{'a':1,}
f(1
[1
'abc
1 +
)
a b
1 2
{'a' 1}
a..b
a.
a[
x|
x is
"\x41\u0042\n\t\\\'\"\101\d"
'\é'
'\x4'
1.
.5
1.e5
1e5
1__0
007
0
00
0_0
1if true else 2
"%s" % [1]
"%s" % (1,)
"%s %s" % (1,)
'a' ~ ('b' if x else 'c')
cycler('a','b').next()
joiner(',')()
joiner(',')
-x
+1
-'a'
--1
- 1 + 2
not not 1
2 ** 3 * 2
10 - 2 - 3
2 + 3 * 4 ~ 'x'
1 ~ 2 + 3
'a' in 'abc' and 'd' not in 'abc'
1 == 1 == 1
1 != 2 != 1
"a" "b" ~ "c"
[1,2,3][1]|string + 'x'
m.role|upper ~ '!'
m.role == 'user' and m.content|trim|length > 0
m['role'].upper()[0]
'%s' % m.role | upper
('a','b')|join
[1,[2,[3]]]|string
{'a':(1,)}|string
9223372036854775807
-9223372036854775808
9999999999999999999.5
1.0 // 0
1 % 0
0 ** -1
10 ** 18
big
[big]
big|tojson
big is integer
big == big
bigf
'a'|format(b=1)
'%(b)s'|format(b=1)
msgs|map('attr','role')|list
(msgs|map(attribute='role'))|length
msgs|map(attribute='role') is iterable
msgs|map(attribute='role') is sequence
(msgs|map(attribute='role'))[0]
msgs|selectattr('a.b')|list
msgs|selectattr('role','zzz')|list
msgs|tojson
msgs
m|items
m.content|replace('\n',' ')
'a'.__len__()
'a'['upper']()
m|map('upper')|list
'abc'|map('upper')|join
'x'.join('abc')
m|join(',')
[none,x,1]|join(',')
[[1,2],[3]]|sum(start=())
('a','b') < ('a','c')
[1] < [1,2]
none < 1
m < m
1 in none
x.y is defined
(x.y) is defined
'a'.foo is defined
m.foo.bar is defined
'A'|lower == 'a'
[1,2,3]|last
range(3)|last
m|last
m|first
{'a':1}|items|first
loop
caller
varargs
'I'.lower()
'ǆ'.title()
'ŉ'.capitalize()
'ﬁx'|capitalize
'İ'|lower
'a'|center(-5)
'%*d' % (5, 42)
'abc'[1:2:none]
'abc'[none:2]
x[1:]
m[1:]
m['role':]
1e400
-1e400
1e400|tojson
(1e400-1e400)|string
1 is divisibleby 0
'abc' is in 'abcdef'
'a' is in m
[] is none
{'a':1}|list|first
'a' < 1
1 > 'a'
[1,2,3]|select('divisibleby', 2)|list
[1,2,3]|select('in', [1,2])|list
m.items()|first
m.keys()|join(', ')
m.values()|map('upper')|list
m.items()|list|length
m.items()|length
m.items()[0]
m.keys()[0]
m.keys()|first
m.keys()|sort
m.keys()|last
m.items()|reverse|list
'role' in m.keys()
('role','user') in m.items()
m|selectattr('a')|list
msgs|map('tojson')|join('\n')
msgs[1:]|map(attribute='role')|list
msgs[:-1]|length
msgs[::-1][0].role
msgs[10]
msgs[10].role
msgs[-10]
msgs['0']
msgs.0.role
msgs[0]|length
msgs[0:1][0]['role']
'user' in msgs|map(attribute='role')
'user' in (msgs|map(attribute='role')|list)
msgs|selectattr('content','string')|list|length
msgs|selectattr('content','defined')|list|length
msgs|rejectattr('tool_calls')|list|length
msgs|rejectattr('tool_calls','defined')|list|length
'\n'.join(['a','b'])
['a','b']|join('\n')|indent(2)
"{{" ~ "}}"
'{%' ~ '%}'
m.role[0]|upper + m.role[1:]
'a' if m.role == 'user' else 'b' if m.role == 'x' else 'c'
m.content.strip().split('\n')[0]
m['con' ~ 'tent']
'ab' 'cd'|upper
-3|abs
-3.7|int
2*-3
(2*3)|string|length
'a,b'.split(',')|map('upper')|join('+')
'x'.__class__
''.__class__.__mro__
m['__class__']['__mro__']
(1).__class__
namespace(x=1)
'a'|upper|lower|title|length
'a-b_c d'.title()
'ß'.title()
'1a b2c'.title()
'1a b2c'|title
'{0.role} {0[content]}'.format(m)
'{:>{w}}'.format('a',w=4)
'{0:{1}}'.format('a',3)
'{:d}'.format('a')
'{:s}'.format(1)
'{:5}|{:<5}|{:^5}'.format(1,2,3)
'{:5}|'.format(true)
'{}'.format(none)
'{:5}'.format(none)
'{:.1f}'.format(0.25)
'{:.0f}'.format(0.5)
'{:,.2f}'.format(1234567.891)
'{:e}'.format(0)
'{:c}'.format(65)
'{:*^9}'.format('ab')
'{:=+5}'.format(3)
'{:<05}'.format(3)
'{:05}'.format(-3)
'{:08.3f}'.format(-3.14159)
'%08.3f' % -3.14159
'%-8d|' % 5
'%5%' % ()
'%s' % x
'%d' % x
'%i' % true
'%s' % (m,)
'''

# Whole templates, each a JSON string.
STATEMENTS = r'''
"a\n{% if true %}\n  b\n{% endif %}\nc\n"
"  {% if true %}x{% endif %}  y"
"a {%- if true -%} b {%- endif -%} c"
"{{ 1 -}}  \n x"
"x  {{- 1 }}"
"a\n  {%+ if true %}b{% endif %}"
"a\n  {% if true +%}\nb{% endif %}"
"{# c #}\nx"
"  {# c #}\n  x"
"x {#- c -#} y"
"{# a\nb #}x\n\n"
"x\n\n"
"x\r\ny\r\n"
"x\ry"
"\n\nx"
"{% raw %}{{ x }}{% endraw %}\ny"
"{%- raw -%}  {{ x }}  {%- endraw -%}  y"
"  {% raw %}\n a {% endraw %}\n b"
"{{ '{#' }}"
"{{ '%}' }}"
"{{ {'a':{'b':1}}}}"
"{{ {'a':1} }}"
"{%set a=1%}{{a}}"
"{% set a = 1, 2 %}{{ a }}"
"{% set a, b = 1, 2 %}{{ a }}{{ b }}"
"{% set (a, b) = [1,2] %}{{ a }}{{ b }}"
"{% set a, b = [1] %}"
"{% set a %}x{{ 1 }}{% endset %}[{{ a }}]"
"{% set a | upper %}x{% endset %}{{ a }}"
"{% set a | upper | replace('X','y') %}x{% endset %}{{ a }}"
"{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}"
"{% set ns.a = 2 %}"
"{% set ns = {'a':1} %}{% set ns.a = 2 %}"
"{% set ns = namespace() %}{% for i in [1,2,3] %}{% set ns.t = i %}{% endfor %}{{ ns.t }}"
"{% set ns = namespace(a=1) %}{% set ns.a, x = 3, 4 %}{{ ns.a }}{{ x }}"
"{% set ns = namespace(a=1,b=none) %}{{ ns }}"
"{% set ns = namespace(a=1) %}{{ ns.b is defined }}{{ ns['a'] }}"
"{% set ns=namespace() %}{% set ns._a = 1 %}"
"{% set x = 1 %}{% for i in [1,2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}"
"{% for i in [1] %}{% set y = i %}{% endfor %}{{ y }}"
"{% if true %}{% set y = 1 %}{% endif %}{{ y }}"
"{% for i in [1,2] %}{% if i == 1 %}{% set z = 5 %}{% endif %}{{ z }}|{% endfor %}"
"{% for i in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }}|{% endfor %}"
"{% for i in [] %}x{% else %}e{% endfor %}"
"{% for i in x %}x{% else %}e{% endfor %}"
"{% for i in none %}{% endfor %}"
"{% for i in 5 %}{% endfor %}"
"{% for k, v in {'a':1}.items() %}{{k}}{{v}}{% endfor %}"
"{% for k in {'a':1} %}{{k}}{% endfor %}"
"{% for a, b in [[1,2],[3,4]] %}{{a}}{{b}}{% endfor %}"
"{% for a, b in [1] %}{% endfor %}"
"{% for a, (b, c) in [[1,[2,3]]] %}{{a}}{{b}}{{c}}{% endfor %}"
"{% for i in range(5) if i is odd %}{{ i }}{{ loop.length }}{{ loop.last }}|{% endfor %}"
"{% for i in range(5) if i > 9 %}{{ i }}{% else %}none{% endfor %}"
"{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}"
"{% for i in [1] %}{% break %}{% else %}e{% endfor %}"
"{% for i in [1] %}{% continue %}{% else %}e{% endfor %}"
"{% for i in [1,2] %}{% if i==2 %}{% break %}{% endif %}{% else %}e{% endfor %}"
"{% break %}"
"{% if true %}{% continue %}{% endif %}"
"{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}"
"{% for i in [1,2] %}{% for j in [1,2] %}{{ loop.index }}{% if j == 1 %}{% break %}{% endif %}{% endfor %}{{ loop.index }}{% endfor %}"
"{% for i in [1,1,2] %}{{ loop.changed(i) }}{% endfor %}"
"{% for i in [1,2,3] %}{{ loop.cycle('a','b') }}{% endfor %}"
"{% for i in [[1,[2]],[3]] recursive %}{% if i is iterable %}({{ loop(i) }}){% else %}{{ i }}:{{ loop.depth }}{% endif %}{% endfor %}"
"{% for i in [1] %}{{ loop }}{% endfor %}"
"{% for i in [1,2] %}{{ loop|length }}{% endfor %}"
"{% for loop in [1] %}{% endfor %}"
"{% for i in [1,2] %}{{ loop(i) }}{% endfor %}"
"{% for i in 'abc' %}{{ i }},{% endfor %}"
"{% for i in [1,2]|map('string') %}{{ i }}{{ loop.last }}{% endfor %}"
"{% for i in [1,2,3]|select('odd') %}{{ loop.length }}{{ loop.index }}{{ loop.revindex }}{% endfor %}"
"{% for i in range(3) %}{% set loop2 = loop %}{% for j in range(2) %}{{ loop2.index }}{{ loop.index }} {% endfor %}{% endfor %}"
"{% set g = [1,2]|map('string') %}{% for i in g %}{{ i }}{% endfor %}{% for i in g %}{{ i }}{% endfor %}"
"{% set g = [1,2]|select('odd') %}{% if g %}t{% endif %}{{ g|list }}{{ g|list }}"
"{% if []|select('odd') %}t{% else %}f{% endif %}"
"{% macro m(a, b=2, *c) %}{% endmacro %}"
"{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1,3) }}{{ m(b=5,a=4) }}{{ m() }}"
"{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1,2) }}"
"{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=1) }}"
"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1,2,x=3) }}"
"{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body{% endcall %}"
"{% macro m() %}{{ caller(1,2) }}{% endmacro %}{% call(a,b) m() %}{{ a }}-{{ b }}{% endcall %}"
"{% macro m() %}x{% endmacro %}{% call m() %}body{% endcall %}"
"{% macro m() %}{{ caller }}{% endmacro %}[{{ m() }}]"
"{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}"
"{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}"
"{% macro m(a=1, b) %}{% endmacro %}"
"{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}"
"{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(5) }}"
"{% macro m() %}{% set y = 1 %}{% endmacro %}{{ m() }}{{ y }}"
"{% for i in [1,2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}"
"{% macro m() %}  a  {% endmacro %}[{{ m()|trim }}]"
"{% macro m() %}<{% endmacro %}{{ m() is escaped }}{{ m() is string }}"
"{{ m }}{% macro m() %}{% endmacro %}"
"{% macro m() %}{% endmacro %}{{ m }}{{ m.name }}"
"{% macro m(x) %}{{ x is defined }}{% endmacro %}{{ m() }}{{ m(none) }}"
"{% if true %}{% macro m() %}q{% endmacro %}{% endif %}{{ m() }}"
"{% for i in [1] %}{{ loop.index }}{% macro m() %}{{ loop is defined }}{% endmacro %}{{ m() }}{% endfor %}"
"{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}"
"{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}"
"{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}"
"{% filter upper %}a{{ 'b' }}{% endfilter %}"
"{% filter replace('a','b') | upper %}a{% endfilter %}"
"{% filter upper %}{% set q = 1 %}{% endfilter %}{{ q }}"
"{% for i in [1,2] %}{% filter upper %}a{% break %}{% endfilter %}{% endfor %}x"
"{% generation %}a{% set q = 1 %}{% endgeneration %}{{ q }}"
"{% for i in [1,2] %}{% generation %}{{ i }}{{ loop.index }}{% endgeneration %}{% endfor %}"
"{% generation %}{% break %}{% endgeneration %}"
"{% for i in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}"
"{%- generation -%} x {%- endgeneration -%} y"
"{% print 1 %}"
"{% print 1, 2 %}"
"{% if x is defined %}a{% elif true %}b{% else %}c{% endif %}"
"{% if false %}a{% elif false %}b{% else %}c{% endif %}"
"{% if 1, 2 %}a{% endif %}"
"{% if true: %}a{% endif %}"
"{% if true %}a"
"{% endif %}"
"{% if %}a{% endif %}"
"{% foo %}"
"{% for %}"
"{% for x %}{% endfor %}"
"{% for x in [1] %}{% endif %}"
"{% set %}"
"{% set 1 = 2 %}"
"{% set true = 2 %}"
"{% set a.b.c = 1 %}"
"{{"
"{{ }}"
"{%"
"{% %}"
"{#"
"{{ 1 }"
"{{ 1 %}"
"}}"
"%}"
"#}"
"{"
"{ {"
"{{ 1 }}}}"
"{{{ 1 }}}"
"{{ '}}' }}"
"{{ \"a\nb\" }}"
"{% raw %}"
"{{ (1 }}"
"{{ 1) }}"
"{{ [1) }}"
"{% if true -%}  x  {%- else -%} y {%- endif %}"
"{%- for i in [1,2] %}\n  {{- i }}\n{%- endfor %}"
"{% for i in [1,2] -%}\n  {{ i }}\n{% endfor %}"
"\t{% if 1 %}\ta\n\t{% endif %}\n"
"a{% if 1 %}\n\nb{% endif %}"
"{{ 1 }}\n{{ 2 }}\n"
"  {{ 1 }}"
"\n  {% set x = 1 %}  \n y"
"{% set x = 1 %}{# c #}\n y"
"x{% set x = 1 %}\n  {% set y = 1 %}\nz"
"\u00a0{% if 1 %}a{% endif %}"
"a \u2003{%- if 1 %}b{% endif %}"
"{{ x|zzz }}"
"{% if false %}{{ x|zzz }}{% endif %}ok"
"{% if true %}{{ x|zzz }}{% endif %}ok"
"{% if false %}{% for i in [1] %}{{ x|zzz }}{% endfor %}{% endif %}ok"
"{{ 1 if true else 2|zzz }}"
"{{ x is zzz }}"
"{% if false and x is zzz %}{% endif %}ok"
"{% for i in [] %}{{ i|zzz }}{% endfor %}"
"{% macro m() %}{{ 1|zzz }}{% endmacro %}"
"{% include 'x' %}"
"{% set a = namespace %}{{ a(x=1).x }}"
"{% set a = [1,2,3] %}{% set b = a[1:] %}{{ a }}{{ b }}"
"{% set messages = msgs[1:] %}{{ messages|length }}{{ msgs|length }}"
"{% for m in msgs %}{% set m = m.role %}{{ m }}{% endfor %}"
"{% for m in msgs %}{{ m.role }}{% if not loop.last %}, {% endif %}{% endfor %}"
"{% for m in msgs if m.role != 'system' %}{{ loop.index0 }}{{ m.role }}{% endfor %}"
"{% for m in msgs|selectattr('role','equalto','user') %}{{ m.content }}{% endfor %}"
"{% for m in msgs %}{% if loop.previtem is defined and loop.previtem.role == 'system' %}P{% endif %}{% if loop.nextitem %}N{% endif %}{% endfor %}"
"{% set ns = namespace(found=false) %}{% for m in msgs if not ns.found %}{% if m.role == 'user' %}{% set ns.found = true %}{% endif %}{{ m.role }}{% endfor %}"
"{% for m in msgs|reverse %}{{ m.role }}{{ loop.last }}{% endfor %}"
"{% for k, v in m|dictsort %}{{ k }}={{ v }};{% endfor %}"
"{% for k, v in m|items %}{{ k }}={{ v }};{{ loop.last }}{% endfor %}"
"{%- set x -%}\n a \n{%- endset -%}[{{ x }}]"
"{% set x = 1 if false %}{{ x is defined }}"
"{% call m() %}{% endcall %}"
"{% call 1 %}{% endcall %}"
"{% macro m(f) %}{{ f('a') }}{% endmacro %}{% macro g(x) %}<{{ x }}>{% endmacro %}{{ m(g) }}"
"{{ [1,2]|map('f')|list }}"
"{% set f = 'upper' %}{{ ['a']|map(f)|list }}"
"{% set c = cycler('a','b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.current }}"
"{% set j = joiner('|') %}{% for i in [1,2,3] %}{{ j() }}{{ i }}{% endfor %}"
"{% macro m(*) %}{% endmacro %}"
"{% macro m(a, a) %}{% endmacro %}"
"{{ dict(a=1, **{'b':2}) }}"
"{% macro m(a,b) %}{{a}}{{b}}{% endmacro %}{{ m(*[1,2]) }}{{ m(*[1], **{'b':3}) }}{{ m(**{'a':1,'b':2}) }}{{ m(1, *[2]) }}"
"{% macro m(a,b) %}{{a}}{{b}}{% endmacro %}{{ m(**5) }}"
"{{ f(a=1, 2) }}"
"{{ f(**a, *b) }}"
"{{ f(*a, b) }}"
"{{ f(a=1, a=2) }}"
"{% set x = caller %}"
"{% set loop = 1 %}{{ loop }}"
"{% for i in [1] %}{% set loop = 1 %}{% endfor %}"
"{% for a in [1] %}{{ a }}{% endfor %}{{ a is defined }}"
"{% for a in [[1,2]] %}{% for a in a %}{{ a }}{% endfor %}{{ a }}{% endfor %}"
"{% if m.items %}x{% endif %}"
"{% for t in tools %}x{% endfor %}{% if tools %}y{% endif %}{{ tools is none }}"
"{%- if true %}\n\n  text\n\n{%- endif %}\nend"
"{{- 'a' -}}\n{{- 'b' -}}\n"
"a\n\n{%- if true %}\n{{ 'b' }}\n{%- endif %}\n\n"
"{% set x %}{% for i in [1,2] %}{{ i }}{% endfor %}{% endset %}{{ x|int + 1 }}"
"{% for g in msgs|groupby('role') %}{{ g.grouper }}{{ g.list|length }}{% for a, b in [g] %}{{ a }}{% endfor %}{% endfor %}"
"{{ namespace(a=1) == namespace(a=1) }}"
"{% macro a() %}{{ caller() }}{% endmacro %}{% macro b() %}{% call a() %}[{{ caller() }}]{% endcall %}{% endmacro %}{% call b() %}x{% endcall %}"
"{% for i in range(3) recursive %}{{ loop.index }}{% endfor %}"
"{% for i in [1,2,3] recursive %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% else %}e{% endfor %}"
"{% for x in [1] %}{% endfor %}{% else %}"
"{% set a = 1 %}{% macro m() %}{% set a = 2 %}{{ a }}{% endmacro %}{{ m() }}{{ a }}"
"{% for i in [1,2] %}{% set a = a|default(0) + i %}{{ a }}{% endfor %}"
"{{ '\u00e9' }}\u00e9"
"{{ 'a' }}{{# x #}}"
"{{ 1 #}"
"{% set \u00e9 = 1 %}{{ \u00e9 }}"
"{{ not_defined_func is defined and not_defined_func() }}"
"{% if messages is not defined %}n{% endif %}"
"{% raw %}{% raw %}{% endraw %}x"
"{%raw%}a{%endraw%}"
"{% raw -%} a {%- endraw %}"
"a {%- raw %} b {% endraw +%}\nc"
"{#-#}"
"{#--#}"
"{#+ a +#}\nb"
"{##}\nb"
"x\n   {#- a #}\nb"
"x\n   {#+ a #}\nb"
"x {{+ 1 }}"
"x {{ 1 +}}"
"{% set x = [1, 2, 3] -%}\n{%- for i in x -%}\n{{ i }}\n{%- if not loop.last -%},{%- endif -%}\n{%- endfor -%}"
"{% macro m() -%} a {%- endmacro %}[{{ m() }}]"
"{{ m() }}{% macro q() %}{% endmacro %}{{ q(1) }}"
"{{ super() }}"
"{{ range(3)|map('string')|join }}"
"{{ msgs|map(attribute='role')|map('upper')|join }}"
"{% do x %}"
"{% trans %}{% endtrans %}"
"{% debug %}"
"{% from 'a' import b %}"
"{% extends 'a' %}"
'''


class Noon(datetime.datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 9, 12, 34, 56)


def render(template: str) -> dict:
    """The text of a template, or that it fails."""
    try:
        text = chat_template_utils._compile_jinja_template(template).render(**VARIABLES)
    except Exception as error:
        return dict(template=template, fails=str(error) if type(error) is jinja2.TemplateError else True)
    return dict(template=template, text=text)


def main() -> None:
    found = {"jinja2": jinja2.__version__, "transformers": transformers.__version__}
    if found != VERSIONS:
        sys.exit(f"error: the fixture is made with {VERSIONS}, found {found}")
    chat_template_utils.datetime = Noon
    templates = ["{{ " + line + " }}" for line in EXPRESSIONS.strip("\n").split("\n")]
    templates += [json.loads(line) for line in STATEMENTS.strip("\n").split("\n")]
    records = [dict(variables=VARIABLES, **VERSIONS)] + [render(template) for template in templates]
    # Addresses of objects differ from run to run.
    records = [record for record in records if " at 0x" not in str(record.get("text"))]
    text = "".join(json.dumps(record) + "\n" for record in records)
    old = FIXTURE.read_text() if FIXTURE.exists() else ""
    FIXTURE.write_text(text)
    if text != old:
        sys.exit(f"recorded a new baseline: {len(records) - 1} templates")
    print("the fixture is as committed")


if __name__ == "__main__":
    main()
