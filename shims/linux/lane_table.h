/* The table that lane.c answers by: broker/policy/table.py says what is in it, and makes it.
 *
 * Whatever its bytes are, nothing beyond them is read: offsets are checked at each use.
 */
#define MAGIC 0x6c616e32U

struct header {
    uint32_t magic, nodes, patterns, origins, text;
};

/* Of the rules that allow something, by what is asked for: to read, to write, or both. */
enum { RULES = 3 };

/* Rights are bits of Access: `here` holds for the path itself, `below` for all that is below. */
struct node {
    uint32_t name, length; /* of the last name of its path, in the text */
    uint32_t first, count; /* its entries, sorted by name */
    uint8_t floor_here, floor_below;
    uint8_t allowed_here, allowed_below;
    uint8_t stopped_here, stopped_below; /* not to be decided by the table */
    uint8_t patterns;                    /* that patterns refuse whose directory this is */
    uint8_t reserved;
    uint16_t rule_here[RULES], rule_below[RULES]; /* the first that allows it, from 1; or 0 */
};

/* A refusal by wildcards: what it matches has this text in it, and so many names. */
struct pattern {
    uint32_t text, length;
    uint32_t names; /* 0: any number */
    uint32_t rights;
};

/* Where a rule comes from, as an audit has it; the text is msgpack. */
struct origin {
    uint32_t text, length;
};

struct table {
    uint32_t nodes, patterns, origins, text_size;
    const uint8_t *node, *pattern, *origin, *text;
};

static int open_table(struct table *table, const uint8_t *bytes, uint64_t size)
{
    struct header header;
    if (size < sizeof header)
        return 0;
    memcpy(&header, bytes, sizeof header);
    uint64_t nodes = (uint64_t)header.nodes * sizeof(struct node);
    uint64_t patterns = (uint64_t)header.patterns * sizeof(struct pattern);
    uint64_t origins = (uint64_t)header.origins * sizeof(struct origin);
    if (header.magic != MAGIC || !header.nodes ||
        sizeof header + nodes + patterns + origins + header.text != size)
        return 0;
    table->nodes = header.nodes;
    table->patterns = header.patterns;
    table->origins = header.origins;
    table->text_size = header.text;
    table->node = bytes + sizeof header;
    table->pattern = table->node + nodes;
    table->origin = table->pattern + patterns;
    table->text = table->origin + origins;
    return 1;
}

static const uint8_t *text_at(const struct table *table, uint32_t offset, uint32_t length)
{
    if (offset > table->text_size || length > table->text_size - offset)
        return NULL;
    return table->text + offset;
}

static int node_at(const struct table *table, uint32_t number, struct node *node)
{
    if (number >= table->nodes)
        return 0;
    memcpy(node, table->node + (size_t)number * sizeof *node, sizeof *node);
    return 1;
}

/* Replace `node` by its entry of this name; 0 when there is none. */
static int descend(const struct table *table, struct node *node, const char *name, size_t length)
{
    uint32_t low = 0, high = node->count;
    const uint32_t first = node->first;
    if (first > table->nodes || high > table->nodes - first)
        return 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct node entry;
        if (!node_at(table, first + middle, &entry))
            return 0;
        const uint8_t *text = text_at(table, entry.name, entry.length);
        if (!text)
            return 0;
        size_t common = entry.length < length ? entry.length : length;
        int order = memcmp(text, name, common);
        if (!order)
            order = (entry.length > length) - (entry.length < length);
        if (!order) {
            *node = entry;
            return 1;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Whether some pattern that refuses one of these rights may match the path. */
static int may_match(const struct table *table, const char *path, size_t length, uint32_t names,
                     unsigned need)
{
    for (uint32_t number = 0; number < table->patterns; number++) {
        struct pattern pattern;
        memcpy(&pattern, table->pattern + (size_t)number * sizeof pattern, sizeof pattern);
        if (!(pattern.rights & need) || (pattern.names && pattern.names != names))
            continue;
        const uint8_t *text = text_at(table, pattern.text, pattern.length);
        if (!text || memmem(path, length, text, pattern.length))
            return 1;
    }
    return 0;
}

static int is_no_name(const char *name, size_t length)
{
    return !length || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* What is asked for, and what was found. */
struct question {
    unsigned need;    /* rights */
    unsigned refused; /* those whose refusal refuses it: these, and for a new name one more */
    uint32_t rule;    /* that allows it, from 1; 0 where that is not known */
};

static struct question asking(unsigned need, unsigned more)
{
    struct question question = {need, need | more, 0};
    return question;
}

static void find_rule(struct question *question, const uint16_t rules[RULES])
{
    const uint16_t rule = question->need && question->need <= RULES ? rules[question->need - 1] : 0;
    if (rule)
        question->rule = rule; /* the longest path has the last word */
}

/* COVERED and ALLOWED as the floor and the rules say, with BY_ITSELF where a rule on the very path
 * has to be there for that; UNSURE when wildcards have a say in it. Nothing for a path that is not
 * canonical. */
static unsigned look_up(const struct table *table, const char *path, size_t length,
                        struct question *question)
{
    const unsigned need = question->need, refused = question->refused;
    struct node node;
    if (!need || !length || path[0] != '/' || !node_at(table, 0, &node))
        return 0;
    unsigned floor = 0, allowed = 0, stopped = 0, patterns = node.patterns;
    unsigned trees = node.floor_below;
    uint32_t names = 0;
    int known = 1;
    size_t start = 1;
    if (length == 1) {
        floor = node.floor_here, allowed = node.allowed_here, stopped = node.stopped_here;
    } else {
        floor = node.floor_below, allowed = node.allowed_below, stopped = node.stopped_below;
    }
    find_rule(question, length == 1 ? node.rule_here : node.rule_below);
    while (start <= length && length > 1) {
        const char *slash = memchr(path + start, '/', length - start);
        size_t end = slash ? (size_t)(slash - path) : length;
        if (is_no_name(path + start, end - start))
            return 0;
        names++;
        known = known && descend(table, &node, path + start, end - start);
        if (known) {
            int is_last = end == length;
            floor |= is_last ? node.floor_here : node.floor_below;
            trees |= node.floor_below;
            allowed |= is_last ? node.allowed_here : node.allowed_below;
            stopped |= is_last ? node.stopped_here : node.stopped_below;
            patterns |= node.patterns;
            find_rule(question, is_last ? node.rule_here : node.rule_below);
        }
        start = end + 1;
    }
    unsigned found = 0;
    if (!(need & ~floor))
        found |= need & ~trees ? COVERED | BY_ITSELF : COVERED;
    if (!(need & ~allowed) && !(refused & (stopped | patterns)))
        found |= ALLOWED;
    if (found && refused & patterns && may_match(table, path, length, names, refused))
        found = UNSURE;
    return found;
}

/* The origin of a rule, and its length; NULL where there is none. */
static const uint8_t *origin_of(const struct table *table, uint32_t rule, size_t *length)
{
    struct origin origin;
    if (!rule || rule > table->origins)
        return NULL;
    memcpy(&origin, table->origin + (size_t)(rule - 1) * sizeof origin, sizeof origin);
    *length = origin.length;
    return text_at(table, origin.text, origin.length);
}
