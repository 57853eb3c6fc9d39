# Completion of cardea's verbs and options for bash.
_cardea() {
  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-}
  case $verb in
  plugin)
    if [ "$COMP_CWORD" = 2 ]; then
      mapfile -t COMPREPLY < <(compgen -W "list show test" -- "$word")
      return
    fi
    ;;
  esac
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "serve demo check reload plugin simulate secret version help" -- "$word")
    return
  fi
  local options="--help --config -o"
  case $verb in
  serve) options="$options --workers" ;;
  demo) options="$options --all --port" ;;
  check) options="$options --print --schema" ;;
  simulate) options="$options --listen --cases" ;;
  secret) options="$options --hash" ;;
  esac
  case $word in
  -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
  *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
  esac
}
complete -o filenames -F _cardea cardea
