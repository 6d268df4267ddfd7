# Completion of nono for bash: `eval "$(nono completion bash)"`, or a file that bash-completion finds.

# What comes after the options is a command line of its own, from the word of this number on.
_nono_of_command() {
    local offset=$1 current=${COMP_WORDS[COMP_CWORD]} line
    if declare -F _comp_command_offset > /dev/null; then
        _comp_command_offset "$offset"
        return
    fi
    if declare -F _command_offset > /dev/null; then
        _command_offset "$offset"
        return
    fi
    if ((COMP_CWORD == offset)); then
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$current")
    else
        local described
        described=$(complete -p -- "${COMP_WORDS[offset]##*/}" 2> /dev/null)
        if [[ $described =~ \ -F\ ([^ ]+) ]]; then
            local function=${BASH_REMATCH[1]}
            local COMP_WORDS=("${COMP_WORDS[@]:offset}") COMP_CWORD=$((COMP_CWORD - offset))
            local COMP_LINE="${COMP_WORDS[*]}" COMP_POINT
            COMP_POINT=${#COMP_LINE}
            "$function" "${COMP_WORDS[0]}" "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
            return
        fi
    fi
    compopt -o filenames 2> /dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
}

_nono() {
    local current=${COMP_WORDS[COMP_CWORD]} at kind value help line
    COMPREPLY=()
    for ((at = 2; at < COMP_CWORD; at++)); do
        if [[ ${COMP_WORDS[at]} == -- ]]; then
            _nono_of_command $((at + 1))
            return
        fi
    done
    [[ $current == = ]] && current=
    while IFS=$'\t' read -r kind value help; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            path | directory)
                compopt -o filenames 2> /dev/null
                local what=-f
                [[ $kind == directory ]] && what=-d
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $what -- "$current")
                ;;
            command)
                _nono_of_command $((COMP_CWORD - value))
                return
                ;;
        esac
    done < <("${COMP_WORDS[0]}" completion --answer -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2> /dev/null)
}

complete -F _nono nono nono-sandbox
