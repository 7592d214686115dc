/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "orf-error.h"
#include "probe/orf-system-memory.h"
#include "tree.h"

/* A machine of 16 GiB with 10 available. */
#define MEMINFO                                                                                    \
  "MemTotal:       16777216 kB\nMemFree:         1024 kB\nMemAvailable:   10485760 kB\n"
#define GIB     (G_GINT64_CONSTANT (1) << 30)
#define V1_NONE "9223372036854771712\n"

typedef struct {
  char *root;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = tree_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  tree_free (fixture->root);
}

static void
put (Fixture *fixture, const char *path, const char *text)
{
  tree_put (fixture->root, path, text);
}

/* A v2 directory; NULL limit: the root of the tree, which has none. */
static void
put_v2 (
  Fixture *fixture, const char *directory, const char *limit, const char *usage, const char *idle)
{
  g_autofree char *max = g_build_filename (directory, "memory.max", NULL);
  g_autofree char *current = g_build_filename (directory, "memory.current", NULL);
  g_autofree char *stat = g_build_filename (directory, "memory.stat", NULL);
  g_autofree char *stat_text = g_strdup_printf ("anon 1\ninactive_file %s\nslab 5\n", idle);

  if (limit)
    put (fixture, max, limit);
  put (fixture, current, usage);
  put (fixture, stat, stat_text);
}

static void
put_v1 (
  Fixture *fixture, const char *directory, const char *limit, const char *usage, const char *idle)
{
  g_autofree char *max = g_build_filename (directory, "memory.limit_in_bytes", NULL);
  g_autofree char *current = g_build_filename (directory, "memory.usage_in_bytes", NULL);
  g_autofree char *stat = g_build_filename (directory, "memory.stat", NULL);
  g_autofree char *stat_text =
    g_strdup_printf ("cache 7\ninactive_file 1\ntotal_inactive_file %s\n", idle);

  put (fixture, max, limit);
  put (fixture, current, usage);
  put (fixture, stat, stat_text);
}

static OrfSystemMemory
read_memory (Fixture *fixture)
{
  OrfSystemMemory memory = { 0 };
  g_autoptr (GError) error = NULL;

  put (fixture, "proc/meminfo", MEMINFO);
  g_assert_true (orf_system_memory_read (fixture->root, &memory, &error));
  g_assert_no_error (error);
  g_assert_cmpint (memory.total_bytes, ==, 16 * GIB);
  return memory;
}

static void
assert_system (const OrfSystemMemory *memory)
{
  g_assert_cmpint (memory->limit_bytes, ==, 0);
  g_assert_cmpint (memory->used_bytes, ==, 6 * GIB);
  g_assert_cmpint (memory->available_bytes, ==, 10 * GIB);
}

static void
test_no_cgroup (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory = read_memory (fixture);

  assert_system (&memory);
}

static void
test_no_meminfo (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory = { .total_bytes = 42 };
  g_autoptr (GError) error = NULL;

  put (fixture, "proc/meminfo", "MemTotal: 5 kB\n");
  g_assert_false (orf_system_memory_read (fixture->root, &memory, &error));
  g_assert_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE);
  g_assert_cmpint (memory.total_bytes, ==, 42);
}

#define V2_MOUNT "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw\n"

static void
test_v2_max (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/a.slice/b.service\n");
  put (fixture, "proc/self/mountinfo", V2_MOUNT);
  put_v2 (fixture, "sys/fs/cgroup/a.slice", "max\n", "4294967296\n", "0");
  put_v2 (fixture, "sys/fs/cgroup/a.slice/b.service", "max\n", "1073741824\n", "0");
  memory = read_memory (fixture);
  assert_system (&memory);
}

static void
test_v2_limit (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/a.slice/b.service\n");
  put (fixture, "proc/self/mountinfo", V2_MOUNT);
  put_v2 (fixture, "sys/fs/cgroup/a.slice/b.service", "4294967296\n", "3221225472\n", "1073741824");
  memory = read_memory (fixture);
  g_assert_cmpint (memory.limit_bytes, ==, 4 * GIB);
  g_assert_cmpint (memory.used_bytes, ==, 2 * GIB);
  g_assert_cmpint (memory.available_bytes, ==, 2 * GIB);
}

static void
test_v2_tightest_ancestor (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/a.slice/b.service\n");
  put (fixture, "proc/self/mountinfo", V2_MOUNT);
  /* the wider one has less left, since its other children use it */
  put_v2 (fixture, "sys/fs/cgroup/a.slice", "8589934592\n", "8053063680\n", "0");
  put_v2 (fixture, "sys/fs/cgroup/a.slice/b.service", "4294967296\n", "1073741824\n", "0");
  memory = read_memory (fixture);
  g_assert_cmpint (memory.limit_bytes, ==, 8 * GIB);
  g_assert_cmpint (memory.available_bytes, ==, GIB / 2);
}

static void
test_v2_limit_above_machine (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/a\n");
  put (fixture, "proc/self/mountinfo", V2_MOUNT);
  put_v2 (fixture, "sys/fs/cgroup/a", "17179869184\n", "5\n", "0");
  memory = read_memory (fixture);
  assert_system (&memory);
}

/* In a container with a cgroup namespace the path is "/", and the mount's root is not. */
static void
test_v2_namespace (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/\n");
  put (fixture, "proc/self/mountinfo",
       "31 23 0:28 /../../.. /sys/fs/my\\040cgroup ro - cgroup2 cgroup2 rw,nsdelegate\n");
  put_v2 (fixture, "sys/fs/my cgroup", "2147483648\n", "1073741824\n", "0");
  memory = read_memory (fixture);
  g_assert_cmpint (memory.limit_bytes, ==, 2 * GIB);
  g_assert_cmpint (memory.used_bytes, ==, GIB);
}

static void
test_v2_outside_namespace (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/../sibling\n");
  put (fixture, "proc/self/mountinfo", V2_MOUNT);
  put_v2 (fixture, "sys/fs/cgroup", "2147483648\n", "1073741824\n", "0");
  put_v2 (fixture, "sys/fs/sibling", "5\n", "5\n", "0");
  memory = read_memory (fixture);
  g_assert_cmpint (memory.limit_bytes, ==, 2 * GIB);
}

#define V1_CGROUP "9:name=systemd:/x\n4:cpu,memory:/docker/abc\n3:cpuset:/\n0::/elsewhere\n"
#define V1_MOUNT                                                                                   \
  "34 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"                              \
  "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,cpu,memory\n"                 \
  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"

static void
test_v1_none (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", V1_CGROUP);
  put (fixture, "proc/self/mountinfo", V1_MOUNT);
  put_v1 (fixture, "sys/fs/cgroup/memory", V1_NONE, "5\n", "0");
  put_v1 (fixture, "sys/fs/cgroup/memory/docker/abc", V1_NONE, "5\n", "0");
  memory = read_memory (fixture);
  assert_system (&memory);
}

static void
test_v1_limit (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", V1_CGROUP);
  put (fixture, "proc/self/mountinfo", V1_MOUNT);
  put_v1 (fixture, "sys/fs/cgroup/memory", V1_NONE, "99999999999\n", "0");
  put_v1 (fixture, "sys/fs/cgroup/memory/docker/abc", "4294967296\n", "4294967296\n", "1073741824");
  /* the unified half of a hybrid system has no memory controller */
  put_v2 (fixture, "sys/fs/cgroup/unified/elsewhere", "5\n", "5\n", "0");
  memory = read_memory (fixture);
  g_assert_cmpint (memory.limit_bytes, ==, 4 * GIB);
  g_assert_cmpint (memory.used_bytes, ==, 3 * GIB);
}

/* A container without a namespace: the mount shows the cgroup itself. */
static void
test_v1_bound_mount (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "4:memory:/docker/abc/sub\n");
  put (fixture, "proc/self/mountinfo",
       "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  put_v1 (fixture, "sys/fs/cgroup/memory", "4294967296\n", "1073741824\n", "0");
  put_v1 (fixture, "sys/fs/cgroup/memory/sub", V1_NONE, "5\n", "0");
  memory = read_memory (fixture);
  g_assert_cmpint (memory.limit_bytes, ==, 4 * GIB);
  g_assert_cmpint (memory.used_bytes, ==, GIB);
}

static void
test_torn_files (Fixture *fixture, gconstpointer data)
{
  OrfSystemMemory memory;

  put (fixture, "proc/self/cgroup", "0::/a\nnonsense\n::\n");
  put (fixture, "proc/self/mountinfo", "1 2\n - \n31 23 0:28 / - cgroup2\n" V2_MOUNT);
  put_v2 (fixture, "sys/fs/cgroup/a", "lots\n", "many\n", "0");
  memory = read_memory (fixture);
  assert_system (&memory);
}

static void
test_of_device (void)
{
  const OrfSystemMemory machine = { 16 * GIB, 10 * GIB, 6 * GIB, 0 };
  const OrfSystemMemory full = { 16 * GIB, GIB, 15 * GIB, 0 };
  const OrfSystemMemory bound = { 16 * GIB, GIB, 3 * GIB, 4 * GIB };
  OrfDeviceMemory device = { -1, -1 };

  /* a device that may use only a part of the machine, while other parts are in use */
  g_assert_false (orf_system_memory_of_device (&machine, 4 * GIB, &device));
  g_assert_cmpint (device.used_bytes, ==, -1);

  g_assert_true (orf_system_memory_of_device (&machine, 14 * GIB, &device));
  g_assert_cmpint (device.total_bytes, ==, 14 * GIB);
  g_assert_cmpint (device.used_bytes, ==, 6 * GIB);

  g_assert_true (orf_system_memory_of_device (&full, 14 * GIB, &device));
  g_assert_cmpint (device.used_bytes, ==, 14 * GIB);

  g_assert_true (orf_system_memory_of_device (&bound, 14 * GIB, &device));
  g_assert_cmpint (device.total_bytes, ==, 4 * GIB);
  g_assert_cmpint (device.used_bytes, ==, 3 * GIB);
}

static void
test_this_machine (void)
{
  OrfSystemMemory memory = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (orf_system_memory_read ("/", &memory, &error));
  g_assert_no_error (error);
  g_assert_cmpint (memory.used_bytes, >, 0);
  g_assert_cmpint (memory.used_bytes + memory.available_bytes, ==,
                   memory.limit_bytes ? memory.limit_bytes : memory.total_bytes);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/system-memory/no-cgroup", test_no_cgroup },
    { "/system-memory/no-meminfo", test_no_meminfo },
    { "/system-memory/v2/max", test_v2_max },
    { "/system-memory/v2/limit", test_v2_limit },
    { "/system-memory/v2/tightest-ancestor", test_v2_tightest_ancestor },
    { "/system-memory/v2/limit-above-machine", test_v2_limit_above_machine },
    { "/system-memory/v2/namespace", test_v2_namespace },
    { "/system-memory/v2/outside-namespace", test_v2_outside_namespace },
    { "/system-memory/v1/none", test_v1_none },
    { "/system-memory/v1/limit", test_v1_limit },
    { "/system-memory/v1/bound-mount", test_v1_bound_mount },
    { "/system-memory/torn-files", test_torn_files },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/system-memory/of-device", test_of_device);
  g_test_add_func ("/system-memory/this-machine", test_this_machine);
  return g_test_run ();
}
