/* The kinds of looks that list a directory, or look for names in one: see looks.c. */

static int look_lists(struct looking *looking)
{
    int error = list(&looking->listing, looking->path, looking->asked.most);
    if (!looking->listing.is_open)
        return error;
    add_words(&looking->found, "None");
    return 0;
}

static void find_name(struct looking *looking, const char *name)
{
    if (looking->has_names)
        add(&looking->found, "", 1);
    looking->has_names = 1;
    add_words(&looking->found, name);
}

/* Few names are looked for one by one. */
static int look_exist(struct looking *looking)
{
    const char *name = looking->words;
    for (uint32_t left = looking->asked.count - 1; left; left--, name += strlen(name) + 1) {
        char path[2 * PATH_MAX];
        struct stat status;
        int length = snprintf(path, sizeof path, "%s/%s", looking->path, name);
        if (length > 0 && (size_t)length < sizeof path && !lstat(path, &status))
            find_name(looking, name);
    }
    return 0;
}

static int find_among(struct looking *looking, struct among among)
{
    struct listing *listing = &looking->listing;
    struct text sorted = {0};
    int is_told, error = list_all(listing, looking->path, looking->asked.most);
    if (!error)
        error = sort_names(listing, among, &sorted, &is_told);
    if (!error && !is_told)
        add(&looking->found, "/", 1);
    const char *name = looking->words;
    uint32_t left = error || !is_told ? 0 : looking->asked.count - 1;
    for (; left; left--, name += strlen(name) + 1)
        if (is_among(&sorted, among, name))
            find_name(looking, name);
    free(sorted.bytes);
    return error;
}

static int look_there(struct looking *looking)
{
    return find_among(looking, (struct among){0, 0});
}

static int look_directories(struct looking *looking)
{
    return find_among(looking, (struct among){DT_DIR, 0});
}

static int look_folded(struct looking *looking)
{
    return find_among(looking, (struct among){0, 1});
}

static int look_linked(struct looking *looking)
{
    return find_among(looking, (struct among){DT_LNK, 1});
}

static int look_listdir(struct looking *looking)
{
    struct listing *listing = &looking->listing;
    int error = list_all(listing, looking->path, looking->asked.most);
    for (size_t i = 0; !error && i < count_of(listing); i++)
        find_name(looking, name_of(listing, entry_of(listing, i)));
    return error;
}

/* Its name, and whether it is a directory, a link, a regular file. */
static int find_entry(struct looking *looking, struct entry *entry)
{
    int error = find_type(&looking->listing, entry);
    if (error)
        return error;
    find_name(looking, name_of(&looking->listing, entry));
    add(&looking->found, "/", 1);
    add_number(&looking->found, entry->type == DT_DIR);
    add_number(&looking->found, entry->type == DT_LNK);
    add_number(&looking->found, entry->type == DT_REG);
    return 0;
}

static int find_entries(struct looking *looking, int with_inodes)
{
    struct listing *listing = &looking->listing;
    int error = list_all(listing, looking->path, looking->asked.most);
    for (size_t i = 0; !error && i < count_of(listing); i++) {
        error = find_entry(looking, entry_of(listing, i));
        if (with_inodes) {
            add(&looking->found, " ", 1);
            add_number(&looking->found, entry_of(listing, i)->inode);
        }
    }
    return error;
}

static int look_scandir(struct looking *looking)
{
    return find_entries(looking, 0);
}

static int look_inodes(struct looking *looking)
{
    return find_entries(looking, 1);
}

#define STEP 64 /* as _STEP of kinds_of_looks.py */

/* What of the first so many entries is no regular file. */
static int look_apart(struct looking *looking)
{
    struct listing *listing = &looking->listing;
    uint64_t most = looking->asked.most;
    int error = list(listing, looking->path, most);
    if (error)
        return error;
    int is_cut = count_of(listing) > most;
    size_t count = count_of(listing) - (size_t)is_cut;
    add_number(&looking->found, (count + STEP - 1) / STEP * STEP);
    add(&looking->found, " ", 1);
    find_truth(looking, is_cut);
    add(&looking->found, "/", 1);
    for (size_t i = 0; !error && i < count; i++) {
        struct entry *entry = entry_of(listing, i);
        error = find_type(listing, entry);
        if (!error && entry->type != DT_REG)
            error = find_entry(looking, entry);
    }
    return error;
}
