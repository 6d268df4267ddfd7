pragma journal_mode=wal;
create table words(word text);
insert into words values ('one'), ('two');
.shell ls -1
begin; insert into words values ('three'); commit;
select count(*), max(word) from words;
pragma wal_checkpoint(truncate);
vacuum;
.backup copy.db
pragma integrity_check;
