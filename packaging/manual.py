#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manual pages and completions, out of what the programs say themselves.

manual.py KIND --version V [--orfeasctl PROGRAM] [--orfeasd PROGRAM] [--worker PROGRAM] [--config schema/config.json] -o FILE
KIND: orfeasctl.1, orfeas-demo-worker.1, orfeasd.8, orfeasd.conf.5, bash, zsh, fish."""

import argparse
import dataclasses
import json
import re
import subprocess

PAGE_DATE = "2026"


@dataclasses.dataclass
class Option:
    name: str
    value: str
    help: str


@dataclasses.dataclass
class Verb:
    name: str
    usage: str
    summary: str
    text: list
    options: list
    examples: list


def say(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True, env={"COLUMNS": "80", "LC_ALL": "C.UTF-8"}).stdout


def sections(text):
    """Of a help text: the lines below each head, which stands at the margin and is one of these."""
    found, head = {"": []}, ""
    for line in text.splitlines():
        if line in ("Verbs", "More verbs", "Options", "Options of every verb", "Examples", "Exit status"):
            head = line
            found[head] = []
        else:
            found[head].append(line)
    return found


def read_options(lines):
    options = []
    for line in lines:
        match = re.match(r"  --([\w-]+)(?: (\S+))? {2,}(.+)", line)
        if match:
            options.append(Option(match[1], match[2] or "", match[3]))
        elif line.startswith("      ") and options:
            options[-1].help += " " + line.strip()
    return options


def read_verbs(program):
    overview = sections(say(program, "--help"))
    verbs = []
    for line in overview["Verbs"]:
        match = re.match(r"  (\S+(?: \S+)*) {2,}(.+)", line)
        if not match:
            continue
        parts = sections(say(program, *match[1].split(), "--help"))
        usage, *text = parts[""]
        verbs.append(Verb(match[1], usage.removeprefix("Usage  orfeasctl "), match[2], text, read_options(parts.get("Options", [])),
                          [line.strip() for line in parts.get("Examples", []) if line.strip()]))
    return verbs, read_options(overview["Options"]), [line.strip() for line in overview["Exit status"] if line.strip() and not line.startswith("`")]


# ---- roff


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def prose(text):
    """`word` is set bold."""
    return re.sub(r"`([^`]+)`", r"\\fB\1\\fR", escape(text))


def head(name, section, version, what):
    return [f'.TH {name.upper()} {section} {PAGE_DATE} "orfeas {version}"', ".SH NAME", f"{escape(name)} \\- {escape(what)}"]


def option_lines(options):
    for option in options:
        yield ".TP"
        yield rf"\fB\-\-{escape(option.name)}\fR" + (rf" \fI{escape(option.value)}\fR" if option.value else "")
        yield prose(option.help)


def paragraphs(lines):
    paragraph = []
    for line in [*lines, ""]:
        if line:
            paragraph.append(line)
        elif paragraph:
            yield ".PP"
            yield prose("\n".join(paragraph))
            paragraph = []


def make_orfeasctl(verbs, options, exits, version):
    lines = head("orfeasctl", 1, version, "asks and commands orfeasd, the flight recorder of a GPU inference service")
    lines += [".SH SYNOPSIS", r"\fBorfeasctl\fR [\fIOPTIONS\fR] \fIVERB\fR [\fIARGUMENTS\fR]", ".SH VERBS"]
    for verb in verbs:
        lines += [f".SS orfeasctl {escape(verb.usage)}", *paragraphs(verb.text), *option_lines(verb.options)]
        if verb.examples:
            lines += [".PP", "Examples:", ".PP", ".nf", ".RS 4", *(escape(line) for line in verb.examples), ".RE", ".fi"]
    lines += [".SH OPTIONS OF EVERY VERB", *option_lines(options), ".SH EXIT STATUS", ".nf", *map(escape, exits), ".fi",
              ".SH SEE ALSO", r"\fBorfeasd\fR(8), \fBorfeasd.conf\fR(5)"]
    return lines


def read_goptions(program):
    """Of a program whose help GLib writes."""
    for line in say(program, "--help").splitlines():
        match = re.match(r"  (?:-\w, )?--([\w-]+)(?:=(\S+))? {2,}(.+)", line)
        if match:
            yield Option(match[1], match[2] or "", match[3])


def make_demo_worker(program, version):
    lines = head("orfeas-demo-worker", 1, version, "a program that holds GPU memory, for orfeasd to look at")
    text = say(program, "--help").partition("\n\n")[2].partition("\n\n")[0]
    return lines + [".SH SYNOPSIS", r"\fBorfeas\-demo\-worker\fR [\fIOPTIONS\fR]", ".SH DESCRIPTION", prose(text), ".SH OPTIONS",
                    *option_lines(read_goptions(program)), ".SH SEE ALSO", r"\fBorfeasd\fR(8), \fBorfeasctl\fR(1)"]


def make_orfeasd(program, version):
    lines = head("orfeasd", 8, version, "flight recorder and control plane of a GPU inference service")
    lines += [".SH SYNOPSIS", r"\fBorfeasd\fR [\fIOPTIONS\fR]", ".SH DESCRIPTION",
              prose("Samples GPUs, workers, the cache, requests and the host each second into one SQLite file, foresees and alerts, asks workers for "
                    "memory and measures what came of it. It answers JSON-RPC 2.0 and REST by HTTP and by a Unix socket; `orfeasctl` is its command line. "
                    "When it is ready it prints one line of JSON, and nothing more there; its log goes to standard error."), ".SH OPTIONS"]
    lines += [*option_lines(read_goptions(program)), ".SH SIGNALS", ".TP", "SIGTERM, SIGINT", prose("Answers what was asked, brings what it holds to the file, and ends with status 0."),
              ".TP", "SIGHUP", prose("Reads the settings and the rules again; where they are wrong, all stays as it was, and the log says why."),
              ".SH FILES", ".TP", "/etc/orfeas/orfeasd.conf", prose("Settings, where --config and $XDG_CONFIG_HOME name none."),
              ".TP", "/var/lib/orfeas/orfeas.db", prose("The database under systemd; else $XDG_STATE_HOME/orfeas/orfeas.db."),
              ".SH SEE ALSO", r"\fBorfeasctl\fR(1), \fBorfeasd.conf\fR(5)"]
    return lines


def describe_range(key):
    low, high = key.get("minimum"), key.get("maximum")
    if "enum" in key:
        return "one of " + ", ".join(key["enum"])
    if low is not None and high is not None:
        return f"{low} to {high}"
    return {"string": "text", "boolean": "true or false"}.get(key["type"], key["type"])


def describe_default(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def make_config(path, version):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    lines = head("orfeasd.conf", 5, version, "settings of orfeasd")
    lines += [".SH DESCRIPTION", prose("A key file: sections in brackets, then KEY=VALUE. No key is needed. A key is also set by `--set SECTION.KEY=VALUE` and by the "
              "environment variable ORFEAS_SECTION_KEY; the command line goes before the environment, that before the file. "
              "Keys marked (reload) are taken over at SIGHUP.")]
    for section in schema["sections"]:
        lines += [f".SH [{escape(section['name'])}]", prose(section["help"])]
        for key in section["keys"]:
            beyond = "Beyond it: " + key["beyond"] if "beyond" in key else None
            text = " ".join(filter(None, (key["help"], key.get("reason"), beyond)))
            lines += [".TP", rf"\fB{escape(key['name'])}\fR={escape(describe_default(key.get('default', '')))}" + (" (reload)" if key.get("reload") else ""),
                      prose(f"{text} ({describe_range(key)})")]
    return lines + [".SH SEE ALSO", r"\fBorfeasd\fR(8), \fBorfeasctl\fR(1)"]


# ---- completion


def words_of(verbs):
    """What may follow each beginning of a verb: {"metrics": ["list", "query"]}."""
    following = {}
    for verb in verbs:
        words = verb.name.split()
        for i, word in enumerate(words):
            known = following.setdefault(" ".join(words[:i]), [])
            if word not in known:
                known.append(word)
    return following


def make_bash(verbs, options, _exits, _version):
    lines = ["# bash completion of orfeasctl, made from what it says itself", "_orfeasctl_words() {", "  case $1 in"]
    lines += [f"    '{begin}') echo '{' '.join(words)}' ;;" for begin, words in words_of(verbs).items()]
    lines += ["  esac", "}", "", "_orfeasctl_options() {", "  case $1 in"]
    lines += [f"    '{verb.name}') echo '{' '.join('--' + one.name for one in verb.options)}' ;;" for verb in verbs if verb.options]
    valued = sorted({"--" + one.name for group in (options, *(verb.options for verb in verbs)) for one in group if one.value})
    lines += ["  esac", "}", "", "_orfeasctl() {", "  local word verb='' before='' i", "  COMPREPLY=()",
              "  local current=${COMP_WORDS[COMP_CWORD]}",
              "  for ((i = 1; i < COMP_CWORD; i++)); do",
              "    word=${COMP_WORDS[i]}",
              '    if [[ $word != -* && " ' + " ".join(valued) + ' " != *" $before "* ]]; then',
              '      [[ " $(_orfeasctl_words "$verb") " == *" $word "* ]] && verb=${verb:+$verb }$word',
              "    fi", "    before=$word", "  done",
              '  if [[ " ' + " ".join("--" + one.name for one in options if one.value in ("PATH", "FILE")) + ' --output " == *" $before "* ]]; then',
              '    mapfile -t COMPREPLY < <(compgen -f -- "$current")',
              "  elif [[ $current == -* ]]; then",
              '    mapfile -t COMPREPLY < <(compgen -W "$(_orfeasctl_options "$verb") ' + " ".join("--" + one.name for one in options) + '" -- "$current")',
              "  else",
              '    mapfile -t COMPREPLY < <(compgen -W "$(_orfeasctl_words "$verb")" -- "$current")',
              "    [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- \"$current\")",
              "  fi", "}", "complete -o filenames -F _orfeasctl orfeasctl"]
    return lines


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def make_zsh(verbs, options, _exits, _version):
    """By the words of bash's: zsh has a bridge for them, and one grammar is enough."""
    return ["#compdef orfeasctl", "# made from what orfeasctl says itself", "autoload -U +X bashcompinit && bashcompinit",
            *make_bash(verbs, options, None, None)[1:]]


def make_fish(verbs, options, _exits, _version):
    lines = ["# fish completion of orfeasctl, made from what it says itself", "complete -c orfeasctl -f"]
    for option in options:
        lines.append(f"complete -c orfeasctl -l {option.name} -d {quote(option.help)}" + (" -r -F" if option.value in ("PATH", "FILE") else " -x" if option.value else ""))
    for verb in verbs:
        words = verb.name.split()
        within = "__fish_use_subcommand" if len(words) == 1 else "__fish_seen_subcommand_from " + words[0]
        lines.append(f"complete -c orfeasctl -n {quote(within)} -a {words[-1]} -d {quote(verb.summary)}")
        for option in verb.options:
            seen = " && ".join("__fish_seen_subcommand_from " + word for word in words)
            lines.append(f"complete -c orfeasctl -n {quote(seen)} -l {option.name} -d {quote(option.help)}" + (" -r" if option.value else ""))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind")
    for name in ("version", "orfeasctl", "orfeasd", "worker", "config", "output"):
        parser.add_argument(*(["-o"] if name == "output" else []), "--" + name)
    given = parser.parse_args()
    if given.kind == "orfeasd.8":
        lines = make_orfeasd(given.orfeasd, given.version)
    elif given.kind == "orfeas-demo-worker.1":
        lines = make_demo_worker(given.worker, given.version)
    elif given.kind == "orfeasd.conf.5":
        lines = make_config(given.config, given.version)
    else:
        make = {"orfeasctl.1": make_orfeasctl, "bash": make_bash, "zsh": make_zsh, "fish": make_fish}[given.kind]
        lines = make(*read_verbs(given.orfeasctl), given.version)
    with open(given.output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
