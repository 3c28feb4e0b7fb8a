"""Manual pages, completions for shells and docs/cli.md, from what a program's --help says.

fcis/core/cli/main.h (HelpPage) makes that text from the program's table of flags.
"""

import re

FLAG = re.compile(r'  (?:-(\w), )?--(\[no\])?(\w+)(?: (<\w+>))?')
WIDTH = 80  # of the lines of --help


class Flag:

    def __init__(self, match):
        self.letter, negated, self.name, self.value = match.groups()
        self.may_be_on = bool(negated)  # --noname switches it off
        self.lines = []

    @property
    def text(self):
        return ' '.join(self.lines)

    @property
    def sentence(self):
        """The first one, in few words: what fits beside a completion."""
        first = re.split(r'[.:;] |[.:]$', self.text)[0]
        return first if len(first) <= 72 else first[:70].rsplit(' ', 1)[0] + ' ...'

    def spellings(self):
        return [f'--{self.name}'] + [f'--no{self.name}'] * self.may_be_on


class Help:
    """What is in a --help."""

    def __init__(self, text):
        lines = text.splitlines()
        usage = re.fullmatch(r'Usage: (\S+) (.*)', lines[0])
        self.name, self.arguments = usage.groups()
        self.summary, self.groups, self.closing, self.examples = [], [], [], []
        part = self.summary
        for line, after in zip(lines[1:], lines[2:] + ['']):
            flag = FLAG.fullmatch(line)
            if line.startswith('--help, --version: '):
                part = self.closing
            if line == 'Examples:' and part is self.closing:
                part = self.examples
            elif re.fullmatch(r'\S.*:', line) and FLAG.fullmatch(after):
                self.groups.append((line[:-1], []))
                part = None
            elif flag and self.groups and part is not self.examples:
                self.groups[-1][1].append(Flag(flag))
                part = self.groups[-1][1][-1].lines
            elif part is not None:
                part.append(line.strip() if part is not self.summary else line)
        self.examples = [e for e in self.examples if e]
        self.closing = [c for c in self.closing if c]

    @property
    def flags(self):
        return [flag for _, flags in self.groups for flag in flags]

    @property
    def short(self):
        """What the program does, without its subject and end."""
        first = re.split(r'[.:] ', ' '.join(self.summary).strip() + ' ')[0].rstrip('.')
        return first[0].lower() + first[1:]

    def paragraphs(self):
        for paragraph in re.split(r'\n\n+', '\n'.join(self.summary).strip('\n')):
            yield paragraph.split('\n')


def roff(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\\&' + text if text[:1] in ('.', "'") else text


def is_broken_on_purpose(lines):
    """Whether some line could have taken the next one's first word."""
    return any(len(a) + 1 + len((b.split() or [''])[0]) <= WIDTH for a, b in zip(lines, lines[1:]))


def roff_flag(flag):
    names = [f'\\fB\\-{flag.letter}\\fR'] * bool(flag.letter) + [
        f'\\fB{roff(s)}\\fR' for s in flag.spellings()
    ]
    value = f' \\fI{roff(flag.value.strip("<>"))}\\fR' if flag.value else ''
    return ['.TP', ', '.join(names) + value, roff(flag.text)]


def man_page(page, version, date, others):
    """Section 1, of a Help; `others` are programs to see also."""
    lines = [
        f'.TH {page.name.upper()} 1 "{date}" "fcis {version}" "User Commands"',
        '.ad l', '.SH NAME', f'{roff(page.name)} \\- {roff(page.short)}',
        '.SH SYNOPSIS', f'.B {roff(page.name)}', roff(page.arguments), '.SH DESCRIPTION'
    ]
    for i, paragraph in enumerate(page.paragraphs()):
        lines += ['.PP'] * (i > 0)
        as_is = is_broken_on_purpose(paragraph)
        lines += ['.nf'] * as_is + [roff(line) for line in paragraph] + ['.fi'] * as_is
    lines += ['.SH OPTIONS']
    for title, flags in page.groups:
        lines += [f'.SS {roff(title)}']
        for flag in flags:
            lines += roff_flag(flag)
    options, codes = re.fullmatch(r'(.*?) (Exit codes: .*)', ' '.join(page.closing)).groups()
    lines += ['.SS Of every program', roff(options), '.SH EXIT STATUS', roff(codes)]
    if page.examples:
        lines += ['.SH EXAMPLES', '.nf', *map(roff, page.examples), '.fi']
    also = [f'.BR {roff(o)} (1)' + ',' * (o != others[-1]) for o in others]
    return '\n'.join(lines + ['.SH SEE ALSO', *also]) + '\n'


def markdown_text(text):
    return re.sub(r'([|<>*])', r'\\\1', text)


def markdown_section(page):
    """Of docs/cli.md, of a Help."""
    lines = [f'## {page.name}', '', f'    {page.name} {page.arguments}', '']
    for paragraph in page.paragraphs():
        as_is = is_broken_on_purpose(paragraph)
        lines += [f'    {line}' if as_is else markdown_text(line) for line in paragraph] + ['']
    for title, flags in page.groups:
        lines += [f'| {title} | |', '|---|---|']
        for flag in flags:
            names = [f'-{flag.letter}'] * bool(flag.letter) + flag.spellings()
            names[-1] += f' {flag.value}' if flag.value else ''
            lines += [f"| {', '.join(f'`{name}`' for name in names)} | {markdown_text(flag.text.strip())} |"]
        lines += ['']
    lines += [f'    {example}' for example in page.examples]
    return '\n'.join(lines).rstrip('\n') + '\n'


def markdown(helps):
    """docs/cli.md."""
    read = [Help(text) for text in helps]
    lines = ['# Command line', '', 'What each program says with `--help`; made from that by',
             '`bazel run //release:documents_test -- --write`.', '']
    lines += [f'- [{page.name}](#{page.name}): {markdown_text(page.short)}' for page in read]
    lines += ['', *map(markdown_text, read[0].closing), '']
    return '\n'.join(lines) + '\n' + '\n'.join(markdown_section(page) for page in read)


def bash_completion(page):
    """Flags; else files, as without one."""
    function = '_' + page.name.replace('-', '_')
    words = ' '.join(s for f in page.flags for s in f.spellings()) + ' --help --version'
    return f'''# bash completion for {page.name}
{function}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}}
  COMPREPLY=()
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '{words.strip()}' -- "$word")
  fi
}}
complete -o bashdefault -o default -F {function} {page.name}
'''


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_completion(page):
    specs = []
    for flag in page.flags:
        text = re.sub(r'([\[\]\\])', r'\\\1', flag.sentence)
        value = f':{flag.value.strip("<>")}:_files' if flag.value else ''
        names = flag.spellings() + [f'-{flag.letter}'] * bool(flag.letter)
        specs += [quoted(f'{name}[{text}]{value}') for name in names]
    specs += [quoted('--help[Print help and exit]'), quoted('--version[Print the version and exit]')]
    specs += [quoted('*:file:_files')]
    return f'#compdef {page.name}\n_arguments \\\n  ' + ' \\\n  '.join(specs) + '\n'


def fish_completion(page):
    lines = []
    for flag in page.flags:
        for i, name in enumerate(flag.spellings()):
            letter = f' -s {flag.letter}' if flag.letter and i == 0 else ''
            value = ' -r' if flag.value else ''
            lines.append(f'complete -c {page.name} -l {name[2:]}{letter}{value}'
                         f' -d {quoted(flag.sentence)}')
    lines += [f'complete -c {page.name} -l help -d {quoted("Print help and exit")}',
              f'complete -c {page.name} -l version -d {quoted("Print the version and exit")}']
    return '\n'.join(lines) + '\n'


def pages(helps, version, date):
    """{path below share/: text} for the --help texts of all programs."""
    read = [Help(text) for text in helps]
    files = {}
    for page in read:
        others = [p.name for p in read if p is not page]
        files[f'man/man1/{page.name}.1'] = man_page(page, version, date, others)
        files[f'bash-completion/completions/{page.name}'] = bash_completion(page)
        files[f'zsh/site-functions/_{page.name}'] = zsh_completion(page)
        files[f'fish/vendor_completions.d/{page.name}.fish'] = fish_completion(page)
    return files
