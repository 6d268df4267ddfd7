set -eu -o pipefail
trap 'echo leaving with $?' EXIT
cat <<-END | (tr a-z A-Z; echo from the subshell) | tee upper | { read first; echo "<$first>"; cat; }
	one
	$(printf 'tw%s' o)
	END
cat <<<'a here-string' > here
diff <(sort here upper) <(cat upper here | sort -r) > difference || echo differs
exec 3<> both; echo written >&3; exec 3>&-; cat both
exec {fd}> named; echo $(( fd >= 10 )) >&$fd; exec {fd}>&-; cat named
echo to a process > >(sed 's/^/| /' > sed.out); wait $!; cat sed.out
coproc { read line; echo "coprocess: $line"; }
echo hello >&${COPROC[1]}; read -r answer <&${COPROC[0]}; echo "$answer"
for name in *; do [ -f "$name" ] && wc -c < "$name"; done
set -C; ! echo no > here; set +C; : >| here; echo >> here
(exit 3) || echo "status $?"
