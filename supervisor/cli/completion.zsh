#compdef nono nono-sandbox
# Completion of nono for zsh: `eval "$(nono completion zsh)"` after compinit, or a file in fpath.

_nono() {
  local at kind value help line
  local -a lines plain
  for ((at = 3; at < CURRENT; at++)); do
    if [[ $words[at] == -- ]]; then
      shift $at words
      ((CURRENT -= at))
      _normal
      return
    fi
  done
  lines=("${(@f)$($words[1] completion --answer -- "${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ $PREFIX == --*=* ]]; then compset -P 1 '--*='; fi
  for line in $lines; do
    IFS=$'\t' read -r kind value help <<< $line
    case $kind in
      plain) plain+=("${value//:/\\:}:$help") ;;
      path) _files ;;
      directory) _files -/ ;;
      command)
        shift $((CURRENT - value - 1)) words
        ((CURRENT = value + 1))
        _normal
        return
        ;;
    esac
  done
  ((${#plain})) && _describe -t nono nono plain
}

if [[ $funcstack[1] == _nono ]]; then
  _nono "$@"
else
  compdef _nono nono nono-sandbox
fi
