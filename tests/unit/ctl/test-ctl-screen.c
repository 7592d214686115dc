/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

/* What the program shows on a terminal: its standard output is a pty of ours, and the daemon is a
 * few lines of shell that answer with a file. */

#define DAEMON "#!/bin/sh\nread line\nexec cat \"$0.json\"\n"

typedef struct {
  const char *verb;
  const char *reply;
  const char *locale;
  gboolean no_color;
  guint width;
} Scene;

static void
write_file (const char *folder, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
remove_folder (const char *folder)
{
  static const char *const names[] = { "daemon", "daemon.json", "a.db" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static GSubprocess *
spawn_on (int terminal_fd, const char *folder, const Scene *scene)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *line = g_strdup_printf ("%s --db %s/a.db %s", g_getenv ("ORFEASCTL"), folder,
                                           scene->verb);
  g_autofree char *daemon = g_build_filename (folder, "daemon", NULL);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  GSubprocess *child;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_subprocess_launcher_setenv (launcher, "ORFEAS_ORFEASD", daemon, TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", scene->locale, TRUE);
  g_subprocess_launcher_setenv (launcher, "TERM", "xterm", TRUE);
  g_subprocess_launcher_setenv (launcher, "TZ", "UTC", TRUE);
  g_subprocess_launcher_unsetenv (launcher, "COLUMNS");
  g_subprocess_launcher_unsetenv (launcher, "NO_COLOR");
  if (scene->no_color)
    g_subprocess_launcher_setenv (launcher, "NO_COLOR", "1", TRUE);
  g_subprocess_launcher_take_stdout_fd (launcher, terminal_fd);
  child = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  return child;
}

/* All that was written to the terminal, its "\r\n" as "\n". */
static char *
read_screen (int fd)
{
  GString *out = g_string_new (NULL);
  char chunk[4096];
  gssize length;

  /* EIO is how Linux says that the last writer has gone */
  while ((length = read (fd, chunk, sizeof chunk)) > 0)
    g_string_append_len (out, chunk, length);
  g_string_replace (out, "\r\n", "\n", 0);
  return g_string_free (out, FALSE);
}

static char *
show (const Scene *scene)
{
  struct winsize size = { .ws_row = 24, .ws_col = (unsigned short) scene->width };
  g_autofree char *folder = g_dir_make_tmp ("orf-ctl-XXXXXX", NULL);
  g_autofree char *reply = g_strdup_printf ("{\"id\":1,\"result\":%s}\n", scene->reply);
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (GError) error = NULL;
  char *screen;
  int ours;
  int theirs;

  write_file (folder, "a.db", "", 0600);
  write_file (folder, "daemon", DAEMON, 0700);
  write_file (folder, "daemon.json", reply, 0600);
  g_assert_cmpint (openpty (&ours, &theirs, NULL, NULL, &size), ==, 0);
  g_assert_cmpint (fcntl (ours, F_SETFD, FD_CLOEXEC), ==, 0);
  child = spawn_on (theirs, folder, scene);
  screen = read_screen (ours);
  g_assert_true (g_subprocess_wait_check (child, NULL, &error));
  g_assert_no_error (error);
  close (ours);
  remove_folder (folder);
  return screen;
}

/* 0.1 s of a ramp, a gap, and what no sample tells */
#define QUERY                                                                                      \
  "{\"series\":[{\"series\":\"a.used_bytes\",\"name\":\"a.used_bytes\",\"labels\":{},\"points\":[" \
  "[1760000000000000,0],[1760000001000000,1024],[1760000002000000,2048],[1760000003000000,null],"  \
  "[1760000007000000,7168]]}],\"from_us\":1760000000000000,\"to_us\":1760000007000000}"

static void
test_query (void)
{
  static const Scene scene = { "metrics query a.used_bytes", QUERY, "C.UTF-8", TRUE, 80 };
  g_autofree char *screen = show (&scene);

  g_assert_cmpstr (screen, ==,
                   "a.used_bytes\n"
                   "  ▁▂▃    █\n"
                   "  min 0 B   avg 2.50 KiB   max 7.00 KiB   last 7.00 KiB   4 points\n"
                   "2025-10-09 08:53:20 → 08:53:27, 7.00 s\n");
}

static void
test_query_points (void)
{
  static const Scene scene = { "metrics query a --points --utc", QUERY, "C", TRUE, 80 };
  g_autofree char *screen = show (&scene);

  g_assert_true (g_str_has_prefix (screen, "TIME                     VALUE  SERIES\n"
                                           "2025-10-09 08:53:20Z       0 B  a.used_bytes\n"
                                           "2025-10-09 08:53:21Z  1.00 KiB  a.used_bytes\n"));
  g_assert_nonnull (strstr (screen, "2025-10-09 08:53:23Z         -  a.used_bytes\n"));
}

static void
test_query_nothing (void)
{
  static const Scene scene = { "metrics query a",
                               "{\"series\":[],\"from_us\":0,\"to_us\":86400000000}", "C", TRUE,
                               80 };
  g_autofree char *screen = show (&scene);

  g_assert_cmpstr (screen, ==,
                   "no series matches, or none has points in this span\n"
                   "1970-01-01 00:00:00 to 1970-01-02 00:00:00, 1d\n");
}

#define NOTHING_ELSE                                                                               \
  "\"driver_reserved_bytes\":null,\"memory_utilization_percent\":null,"                            \
  "\"encoder_percent\":null,\"decoder_percent\":null,\"fan_percent\":null,"                        \
  "\"temperature_memory_c\":null,\"power_limit_w\":null,\"energy_j\":null,"                        \
  "\"clock_graphics_mhz\":null,\"clock_sm_mhz\":null,\"clock_memory_mhz\":null,"                   \
  "\"clock_video_mhz\":null,\"pcie_sent_bytes_per_s\":null,"                                       \
  "\"pcie_received_bytes_per_s\":null,\"pcie_replays\":null,"                                      \
  "\"throttled_power_us\":null,\"throttled_thermal_us\":null,"                                     \
  "\"ecc_corrected_errors\":null,\"ecc_uncorrected_errors\":null,"                                 \
  "\"retired_pages\":null,\"retirement_pending\":null,\"retirement_failed\":null,"                 \
  "\"throttle_reasons\":null,\"xid\":null,\"uuid\":null,\"index\":null,\"parent\":null,"           \
  "\"instance\":null,"                                                                             \
  "\"free_bytes\":null,\"allocated_bytes\":null,\"reserved_bytes\":null,\"largest_free_bytes\":"   \
  "null,"                                                                                          \
  "\"fragmentation_percent\":null,\"sampled_us\":null"
#define DEVICES                                                                                    \
  "{\"devices\":[{\"device\":\"opencl-0\",\"name\":\"A \\u001b[31mdevice\",\"vendor\":\"Vendor\"," \
  "\"backend\":\"opencl\",\"total_bytes\":16777216000,\"used_bytes\":8388608000,\"memory_"         \
  "percent\":50,"                                                                                  \
  "\"utilization_percent\":null,\"temperature_c\":71.25,\"power_w\":null,\"pressure_level\":"      \
  "\"high\","                                                                                      \
  "\"processes\":[{\"pid\":4711,\"name\":\"serve\",\"used_bytes\":8388608000},"                    \
  "{\"pid\":12,\"name\":null,\"used_bytes\":null}]," NOTHING_ELSE "}]}"

static void
test_gpu (void)
{
  static const Scene scene = { "gpu", DEVICES, "C.UTF-8", TRUE, 80 };
  g_autofree char *screen = show (&scene);

  g_assert_cmpstr (screen, ==,
                   "opencl-0  A ?[31mdevice  opencl · Vendor\n"
                   "  memory       ███████████████▌░░░░░░░░░░░░░░░   50 %  7.81 of 15.6 GiB  high\n"
                   "  utilization  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░       –\n"
                   "  temperature 71.2 °C   power –   fragmentation –   sampled –\n"
                   "   PID      USED  PROCESS\n"
                   "  4711  7.81 GiB  serve\n"
                   "    12         –  –\n");
}

static void
test_gpu_plain (void)
{
  static const Scene ascii = { "gpu", DEVICES, "C", TRUE, 120 };
  static const Scene coloured = { "gpu", DEVICES, "C.UTF-8", FALSE, 80 };
  static const Scene none = { "gpu", "{\"devices\":[]}", "C", FALSE, 80 };
  g_autofree char *screen = show (&ascii);
  g_autofree char *colours = show (&coloured);
  g_autofree char *empty = show (&none);

  g_assert_true (g_str_is_ascii (screen));
  g_assert_nonnull (
    strstr (screen, "  ##############################.............................."));
  /* NO_COLOR was heeded there; here pressure speaks in yellow */
  g_assert_null (strchr (screen, '\033'));
  g_assert_nonnull (strstr (colours, "\033[33mhigh\033[0m"));
  g_assert_true (g_str_has_prefix (empty, "no device: "));
}

#define NO_USE(name) ",\"" name "\":{\"used_bytes\":0,\"budget_bytes\":1}"
#define STATUS                                                                                     \
  "{\"version\":\"0.1.0\",\"uptime_us\":7500000000,\"roles\":[\"read\"],"                          \
  "\"phase4_enabled\":true,\"completion\":\"12%\","                                                \
  "\"components\":{\"tier1\":{\"gpu_optimizer\":\"degraded\",\"dashboard\":\"unavailable\","       \
  "\"cache_manager\":\"disabled\"},\"tier2\":{\"predictive_optimizer\":\"unavailable\","           \
  "\"alerting_system\":\"unavailable\",\"cost_tracker\":\"unavailable\"},"                         \
  "\"tier3\":{\"anomaly_detector\":\"unavailable\",\"tracing_system\":\"unavailable\","            \
  "\"custom_metrics\":\"operational\"}},\"reasons\":[{\"component\":\"gpu_optimizer\","            \
  "\"state\":\"degraded\",\"reason\":\"the probe was killed\"}],\"db\":{\"path\":\"/a.db\","       \
  "\"size_bytes\":118784,\"wal_bytes\":0,\"written_bytes_per_s\":null,\"rows_written\":7,"         \
  "\"frames_dropped\":3,\"disk_full\":true,\"fault\":\"no room\"},"                                \
  "\"self\":{\"rss_bytes\":16777216,\"cpu_percent\":0.3,\"threads\":null,"                         \
  "\"loop_stall_us\":1200},"                                                                       \
  "\"memory\":{\"registry\":{\"used_bytes\":1048576,\"budget_bytes\":2097152},"                    \
  "\"open_chunks\":{\"used_bytes\":0,\"budget_bytes\":0},\"sqlite\":{\"used_bytes\":1,"            \
  "\"budget_bytes\":1}" NO_USE ("total") NO_USE ("writes") NO_USE ("connections") NO_USE ("rpc")   \
    NO_USE ("queries") NO_USE ("streams") NO_USE ("ingest") NO_USE ("alerts") NO_USE ("forecasts") \
      NO_USE ("cache") NO_USE (                                                                    \
        "anomalies") "},\"sources\":[{\"source\":\"opencl\",\"kind\":\"probe\",\"state\":"         \
                     "\"unavailable\","                                                            \
                     "\"reason\":\"it hung\",\"pid\":null,\"rss_bytes\":null,\"restarts\":2,"      \
                     "\"sampled_us\":null}]}"

static void
test_status (void)
{
  static const Scene scene = { "status", STATUS, "C.UTF-8", TRUE, 80 };
  static const char *const lines[] = {
    "orfeas 0.1.0 · up 2h 05m · complete 12%\n",
    "itself    rss 16.0 MiB · cpu 0.3 % · threads – · longest stall 1.20 ms\n",
    "          size 116 KiB · wal 0 B · rows 7 · written – · lost frames 3\n",
    "          no room\n",
    "tier1  gpu_optimizer         degraded     the probe was killed\n",
    "tier3  custom_metrics        operational\n",
    "opencl  unavailable    –    –         2        –  it hung\n",
    "registry     ████████░░░░░░░░  1.00 MiB  2.00 MiB\n",
    "sqlite       ████████████████       1 B       1 B\n",
  };
  g_autofree char *screen = show (&scene);

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    if (strstr (screen, lines[i]) == NULL)
      g_test_message ("no \"%s\" in:\n%s", lines[i], screen);
    g_assert_nonnull (strstr (screen, lines[i]));
  }
}

/* A result is shown indented, and nothing else about it changes. */
static void
test_call (void)
{
  static const Scene scene = { "call x.y", "{\"a\":[],\"b\":[1.10,{}],\"c\":\"{\\\"\"}", "C", TRUE,
                               80 };
  g_autofree char *screen = show (&scene);

  g_assert_cmpstr (screen, ==,
                   "{\n  \"a\": [],\n  \"b\": [\n    1.10,\n    {}\n  ],\n  \"c\": \"{\\\"\"\n}\n");
}

static void
test_discover (void)
{
  static const Scene scene = {
    "discover",
    "{\"methods\":[{\"name\":\"a.b\",\"x-role\":\"read\",\"summary\":\"It does.\"},"
    "{\"name\":\"c.watch\",\"x-role\":\"admin\",\"x-stream\":true},"
    "{\"name\":\"d\",\"x-role\":\"read\",\"x-unavailable\":true,\"summary\":\"Not.\"}]}",
    "C", TRUE, 80
  };
  g_autofree char *screen = show (&scene);

  g_assert_cmpstr (screen, ==,
                   "METHOD   ROLE   KIND       SUMMARY\n"
                   "a.b      read   call       It does.\n"
                   "c.watch  admin  stream     -\n"
                   "d        read   not built  Not.\n");
}

static void
test_list (void)
{
  static const Scene scene = {
    "metrics list",
    "{\"series\":[{\"series\":\"a{k=\\\"v\\\"}\",\"name\":\"a\",\"labels\":{\"k\":\"v\"},"
    "\"kind\":\"gauge\",\"unit\":\"bytes\",\"help\":\"A thing.\",\"created_us\":1,"
    "\"last_us\":null,\"active\":true}],\"next_cursor\":null}",
    "C", TRUE, 80
  };
  static const Scene none = { "metrics list", "{\"series\":[],\"next_cursor\":null}", "C", TRUE,
                              80 };
  g_autofree char *screen = show (&scene);
  g_autofree char *empty = show (&none);

  g_assert_cmpstr (screen, ==,
                   "SERIES    KIND   UNIT   LAST  HELP\n"
                   "a{k=\"v\"}  gauge  bytes     -  A thing.\n");
  g_assert_cmpstr (empty, ==, "no series matches\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("ORFEASCTL"));
  g_test_add_func ("/ctl/screen/query", test_query);
  g_test_add_func ("/ctl/screen/query-points", test_query_points);
  g_test_add_func ("/ctl/screen/query-nothing", test_query_nothing);
  g_test_add_func ("/ctl/screen/gpu", test_gpu);
  g_test_add_func ("/ctl/screen/gpu-plain", test_gpu_plain);
  g_test_add_func ("/ctl/screen/status", test_status);
  g_test_add_func ("/ctl/screen/call", test_call);
  g_test_add_func ("/ctl/screen/discover", test_discover);
  g_test_add_func ("/ctl/screen/list", test_list);
  return g_test_run ();
}
