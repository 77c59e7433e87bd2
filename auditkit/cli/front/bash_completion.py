"""Completion in bash of words that hold ``=`` or ``:``, such as ``stage=vote`` and ``practice:honest``.

bash takes words apart at these, and so click's own completion never sees them whole. Here it gets the line as it was
typed, and bash gets back what belongs behind the last of these characters.
"""

from __future__ import annotations

import os
from typing import Final

from click.shell_completion import BashComplete, add_completion_class, split_arg_string

_SOURCE: Final = """\
%(complete_func)s() {
    local IFS=$'\\n'
    local line=${COMP_LINE:0:COMP_POINT} breaks='' kept='' response completion type value
    local word=${line##*[[:space:]]}

    # What stands before the last break of the word is no part of what bash replaces; in quotes there is no break.
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
    if [[ -n $breaks && $word == *[$breaks]* && $word != *[\\'\\"\\\\]* ]]; then
        kept=${word%%"${word##*[$breaks]}"}
    fi

    response=$(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1")

    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == 'dir' ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            [[ $value == *= ]] && compopt -o nospace
            COMPREPLY+=("${value#"$kept"}")
        fi
    done

    return 0
}

%(complete_func)s_setup() {
    complete -o nosort -F %(complete_func)s %(prog_name)s
}

%(complete_func)s_setup;
"""


class WholeWordsBash(BashComplete):
    """click's completion for bash, with words as people type them."""

    source_template = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor without the program's name, and the one that is begun."""
        line = os.environ.get("COMP_WORDS", "")
        words = split_arg_string(line)[1:]
        begun = words.pop() if words and not line[-1:].isspace() else ""
        return words, begun


def complete_whole_words() -> None:
    """Lets click use it; call it before a command line is run that may ask for completion."""
    add_completion_class(WholeWordsBash)
