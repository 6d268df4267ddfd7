set -e
ln -s deep/er/b.txt data/link; ln data/a.txt data/hard; mkfifo data/fifo
chmod 711 data/deep; touch -h -d 2001-02-03 data/link data/run.sh
cp -a data copy
cp -r --preserve=mode,timestamps data/deep deep2
mv copy/deep/er moved && rmdir copy/deep
find . -type f -newermt 2000-01-01 ! -newermt 2002-01-01 -exec ls {} +
find . -printf '%M %n %p %l\n' | sort
find data -name '*.txt' -delete
install -m 751 data/run.sh installed && ./installed
rm -r moved
