/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

/* Of later versions than the headers may be; the values are the kernel's interface. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13) /* version 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* version 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* version 5 */
#endif
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* version 6 */
#define SCOPE_SIGNAL               (1ULL << 1)

#define READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define MAKE                                                                                       \
  (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |       \
   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER)
/* Of them, what is said of a file that is no folder. */
#define OF_FILES                                                                                   \
  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE |     \
   LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV)
/* All that version 1 knows. */
#define OF_VERSION_1 (LANDLOCK_ACCESS_FS_REFER - 1)

typedef struct {
  guint64 handled_access_fs, handled_access_net, scoped;
} RulesetAttributes;

typedef struct {
  int fd;
  guint64 handled; /* a rule that allows more than this kernel handles is refused as a whole */
} Ruleset;

/* Places that are not there are passed over.  No home, no /var, no /run, of /etc only what loaders
 * and drivers look up: the daemon's file, tokens and keys are none of a driver's business. */
static const struct {
  const char *path;
  guint64 access;
} places[] = {
  { "/usr", READ },
  { "/lib", READ },
  { "/lib64", READ },
  { "/opt", READ },
  { "/nix/store", READ },
  { "/gnu/store", READ },
  { "/proc", READ },
  { "/sys", READ },
  { "/run/udev", READ },
  { "/etc/OpenCL", READ },
  { "/etc/nvidia", READ },
  { "/etc/ld.so.cache", READ },
  { "/etc/ld.so.conf", READ },
  { "/etc/ld.so.conf.d", READ },
  { "/etc/localtime", READ },
  { "/etc/passwd", READ },
  { "/etc/nsswitch.conf", READ },
  { "/dev/shm", READ | WRITE | MAKE }, /* ROCm's threads meet there */
};

/* Beginnings of what is a GPU's in /dev, or nobody's. */
static const char *const gpu_devices[] = { "accel",  "dma_heap", "dri",     "dxg",
                                           "full",   "kfd",      "kgsl",    "mali",
                                           "null",   "nvhost",   "nvidia",  "nvmap",
                                           "random", "udmabuf",  "urandom", "zero" };

/* The one word whose value is the user's: a device's name is what a driver told before. */
#define LIBRARY_WORD "library="

/* Names of paths, with ':' between them, where somebody keeps libraries elsewhere. */
static const char *const path_variables[] = { "LD_LIBRARY_PATH",     "LD_PRELOAD",
                                              "OCL_ICD_VENDORS",     "OCL_ICD_FILENAMES",
                                              "ORFEAS_NVML_LIBRARY", "ORFEAS_PROBE_PATHS" };

static guint64
get_handled (long version)
{
  guint64 handled = OF_VERSION_1;

  if (version >= 2)
    handled |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3)
    handled |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (version >= 5)
    handled |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  return handled;
}

static int
open_ruleset (long version, guint64 handled)
{
  const RulesetAttributes attributes = {
    .handled_access_fs = handled,
    .scoped = version >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0,
  };
  /* an older kernel takes what it does not know as long as that is zero */
  return (int) syscall (SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
}

/* Not being there is fine, and then there is nothing to allow. */
static void
allow (const Ruleset *ruleset, const char *path, guint64 access)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = access & ruleset->handled };
  struct stat state;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return;
  if (fstat (rule.parent_fd, &state) == 0 && !S_ISDIR (state.st_mode))
    rule.allowed_access &= OF_FILES;
  if (rule.allowed_access != 0 &&
      syscall (SYS_landlock_add_rule, ruleset->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    g_printerr ("%s stays closed to the driver: %s\n", path, g_strerror (errno));
  close (rule.parent_fd);
}

static void
allow_paths (const Ruleset *ruleset, const char *paths)
{
  g_auto (GStrv) list = g_strsplit (paths != NULL ? paths : "", ":", -1);

  for (char **at = list; *at != NULL; at++)
    if (g_path_is_absolute (*at))
      allow (ruleset, *at, READ);
}

static gboolean
is_gpu_device (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (gpu_devices); i++)
    if (g_str_has_prefix (name, gpu_devices[i]))
      return TRUE;
  return FALSE;
}

/* Those that the user may open, which are few, now or later.  Root's are disks and keyboards, too,
 * without any capability: of them what is there now and a GPU's. */
static void
allow_devices (const Ruleset *ruleset)
{
  const guint64 access = READ | WRITE | LANDLOCK_ACCESS_FS_IOCTL_DEV;
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (geteuid () != 0) {
    allow (ruleset, "/dev", access);
    return;
  }
  allow (ruleset, "/dev", LANDLOCK_ACCESS_FS_READ_DIR);
  dir = g_dir_open ("/dev", 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename ("/dev", name, NULL);

    if (is_gpu_device (name))
      allow (ruleset, path, access);
  }
}

/* A library that cannot make its cache does without. */
static void
allow_cache (const Ruleset *ruleset)
{
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "orfeas-probe", NULL);

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return;
  g_setenv ("XDG_CACHE_HOME", folder, TRUE);
  allow (ruleset, folder, READ | WRITE | MAKE);
}

static void
allow_all (const Ruleset *ruleset, char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    allow (ruleset, places[i].path, places[i].access);
  allow_devices (ruleset);
  for (guint i = 0; i < G_N_ELEMENTS (path_variables); i++)
    allow_paths (ruleset, g_getenv (path_variables[i]));
  for (guint i = 0; argv[i] != NULL; i++)
    if (g_str_has_prefix (argv[i], LIBRARY_WORD))
      allow_paths (ruleset, argv[i] + strlen (LIBRARY_WORD));
  allow_cache (ruleset);
}

static const char *
why_not (int code)
{
  switch (code) {
  case ENOSYS:
    return "this kernel has no Landlock (Linux 5.13)";
  case EOPNOTSUPP:
    return "Landlock is turned off in this kernel (lsm=)";
  default: /* by a seccomp filter around us */
    return "Landlock is not allowed here";
  }
}

const char *
orf_probe_places_enter (char **argv)
{
  long version = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  const char *problem = NULL;
  Ruleset ruleset = { -1, 0 };

  if (version < 1)
    return why_not (errno);
  ruleset.handled = get_handled (version);
  ruleset.fd = open_ruleset (version, ruleset.handled);
  if (ruleset.fd < 0)
    return g_strerror (errno);
  allow_all (&ruleset, argv);
  if (syscall (SYS_landlock_restrict_self, ruleset.fd, 0) != 0)
    problem = g_strerror (errno);
  close (ruleset.fd);
  return problem;
}
