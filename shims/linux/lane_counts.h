/* Counting the calls that the lane answers, where somebody wants it: `nono run --stats`. */
static void add(uint64_t *sum, uint64_t by)
{
    __atomic_store_n(sum, *sum + by, __ATOMIC_RELAXED);
}

/* Linear in each power of two: 32 buckets, so what is in one differs by a thirty-second. */
static unsigned bucket_of(uint64_t value)
{
    if (value >> SUB_BITS == 0)
        return (unsigned)value;
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - SUB_BITS;
    unsigned bucket = (shift << SUB_BITS) + (unsigned)(value >> shift);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static void count(struct lane *lane, uint64_t begin, uint64_t performed, uint64_t refused)
{
    const uint64_t took = lane->counts->answering - begin;
    const int32_t number = lane->call.number;
    unsigned kind = number == lane->nr_openat ? 0 : number == lane->nr_open ? 3 : 6;
    kind = number == lane->nr_connect ? 9 : kind;
    kind += lane->performed != performed ? 1 : lane->refused != refused ? 2 : 0;
    add(&lane->counts->calls[kind], 1);
    add(&lane->counts->nanoseconds[kind], took);
    add(&lane->counts->buckets[bucket_of(took)], 1);
}

