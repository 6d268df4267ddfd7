id; uname -s; nproc; pwd; whoami; groups; hostname
date -u -d @0; TZ=Europe/Berlin date -d @0; printenv LANG; locale 2>&1 | head -1
seq 20000 | sort -R | sort -n -S 64k -T . | md5sum
seq 3 | tee a b | xargs -n1 -P3 echo | sort; paste a b; split -n 2 a part-; comm a b
awk 'BEGIN { while ("echo piped" | getline line) print line }'
perl -MFile::Temp=tempfile -e '($h, $n) = tempfile(UNLINK => 1); print $h 1; print -e $n'
dd if=/dev/zero of=zeros bs=1k count=3 status=none; truncate -s 10 zeros; wc -c zeros
timeout 5 sh -c 'kill -TERM $$'; echo $?; flock a echo locked; nice echo nice
test -r /etc/passwd && getent passwd root | cut -d: -f1
