# Completion of nono for fish: `nono completion fish | source`, or a file in its completions.

function __nono_of_command
    complete -C (string join -- ' ' (string escape -- $argv[1..-2]) $argv[-1])
end

function __nono_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l at (contains -i -- -- $words)
    if test -n "$at"
        set -e words[1..$at]
        __nono_of_command $words "$current"
        return
    end
    set -l before ''
    set -l value $current
    if string match -qr -- '^--[^=]+=' $current
        set before (string replace -r -- '=.*' '=' $current)
        set value (string replace -r -- '^[^=]*=' '' $current)
    end
    set -l program $words[1]
    set -l all $words
    set -e words[1]
    for line in ($program completion --answer -- $words "$current" 2>/dev/null)
        set -l parts (string split -m 2 \t -- $line)
        switch $parts[1]
            case plain
                printf '%s%s\t%s\n' "$before" $parts[2] "$parts[3]"
            case path
                for each in (__fish_complete_path "$value")
                    printf '%s%s\n' "$before" $each
                end
            case directory
                for each in (__fish_complete_directories "$value")
                    printf '%s%s\n' "$before" $each
                end
            case command
                set -e all[1..(math (count $all) - $parts[2])]
                __nono_of_command $all "$current"
        end
    end
end

complete -c nono -f -a '(__nono_complete)'
complete -c nono-sandbox -f -a '(__nono_complete)'
