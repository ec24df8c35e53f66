//! `pycom completions`: the script of a shell, which asks `pycom __complete`.

use std::process::ExitCode;

use super::print;
use crate::cli::Shell;
use crate::failure::Result;

pub fn run(shell: Shell) -> Result<ExitCode> {
    let script = match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    };
    print([script.trim_end()])?;
    Ok(ExitCode::SUCCESS)
}

/// Bash breaks words at `=`, `:` and `@`, and wants only what follows the last of these.
const BASH: &str = r#"_pycom() {
    local line="${COMP_LINE:0:COMP_POINT}" word prefix="" until mark value
    word="${line##*[[:space:]]}"
    for mark in = : @; do
        if [[ $COMP_WORDBREAKS == *"$mark"* && $word == *"$mark"* ]]; then
            until="${word%"$mark"*}$mark"
            (( ${#until} > ${#prefix} )) && prefix="$until"
        fi
    done
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        if [[ $value == :files ]]; then
            compopt -o default 2>/dev/null
        else
            COMPREPLY+=("${value#"$prefix"}")
        fi
    done < <(pycom __complete -- "$line" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=@] ]]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -F _pycom pycom
"#;

const ZSH: &str = r#"#compdef pycom
_pycom() {
    local -a values open
    local found value text
    for found in "${(@f)$(pycom __complete -- "${(j: :)words[1,CURRENT]}" 2>/dev/null)}"; do
        value="${found%%$'\t'*}"
        text="${found#*$'\t'}"
        if [[ $value == :files ]]; then
            compset -P '@'
            _files
        elif [[ $value == *[=@] ]]; then
            open+=("${value//:/\\:}:$text")
        elif [[ -n $value ]]; then
            values+=("${value//:/\\:}:$text")
        fi
    done
    (( $#values )) && _describe -t pycom pycom values
    (( $#open )) && _describe -t pycom pycom open -S ''
    return 0
}
compdef _pycom pycom
"#;

const FISH: &str = r#"function __pycom_complete
    for found in (pycom __complete -- (commandline -cp) 2>/dev/null)
        if test "$found" = :files
            set -l word (commandline -ct)
            set -l at (string match -r '^@' -- $word)
            for path in (__fish_complete_path (string replace -r '^@' '' -- $word))
                echo $at$path
            end
        else
            echo $found
        end
    end
end
complete -c pycom -f -a '(__pycom_complete)'
"#;
