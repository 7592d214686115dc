/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants, all in the default main context:
 * - fd is open from the start to the end; closing it is what tells the helper to kill.
 * - A child is reaped by a watch of its own, which outlives the errand.
 */
#include "exec/orf-errand.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-fd.h"
#include "core/orf-process.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-error.h"

/* Its longest answer: 64 KiB of output, each byte six in JSON. */
#define MAX_ANSWER_BYTES (512 * 1024)
#define READ_BYTES       4096
/* Of what a child that answered nothing wrote to its standard error. */
#define MAX_LOG_BYTES 500

struct _OrfErrand {
  int fd, log_fd; /* log_fd -1: it is no child */
  GString *ask, *answer;
  gsize n_sent;
  guint read_id, write_id;
  OrfErrandEnded ended;
  gpointer user_data;
};

/* Set once, before there is a second errand or thread. */
static struct {
  char **argv; /* of a child; NULL: nobody said */
} helper;

void
orf_errands_set_up (const char *program, const char *config_file, const char *const *sets)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();

  g_strv_builder_add (argv, program);
  if (config_file != NULL)
    g_strv_builder_add_many (argv, "--config", config_file, NULL);
  for (guint i = 0; sets != NULL && sets[i] != NULL; i++)
    g_strv_builder_add_many (argv, "--set", sets[i], NULL);
  g_strfreev (helper.argv);
  helper.argv = g_strv_builder_end (argv);
}

static void
errand_free (OrfErrand *errand)
{
  g_clear_handle_id (&errand->read_id, g_source_remove);
  g_clear_handle_id (&errand->write_id, g_source_remove);
  close (errand->fd);
  if (errand->log_fd >= 0)
    close (errand->log_fd);
  g_string_free (errand->ask, TRUE);
  g_string_free (errand->answer, TRUE);
  g_free (errand);
}

static void
finish (OrfErrand *errand, const OrfExecAnswer *answer, const char *problem)
{
  g_autoptr (GString) output = g_string_new (answer != NULL ? answer->output : NULL);

  errand->ended (errand->user_data, answer != NULL ? (int) answer->status : -1, output, problem);
  errand_free (errand);
}

/* A child says why on its standard error; one of systemd's in the journal. */
static char *
describe_silence (OrfErrand *errand)
{
  char log[MAX_LOG_BYTES + 1] = "";
  gssize n = errand->log_fd >= 0 ? read (errand->log_fd, log, MAX_LOG_BYTES) : 0;
  g_autofree char *text = g_utf8_make_valid (log, MAX (n, 0));

  g_strdelimit (text, "\n\r\t", ' ');
  return g_strconcat ("orfeas-exec ended without an answer", text[0] != '\0' ? ": " : "",
                      g_strstrip (text), NULL);
}

static void
take_answer (OrfErrand *errand)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfExecAnswer) answer = NULL;
  g_autofree char *silence = NULL;

  if (errand->answer->len == 0) {
    silence = describe_silence (errand);
    finish (errand, NULL, silence);
    return;
  }
  answer = orf_decode_text (&orf_exec_answer_desc, errand->answer->str, errand->answer->len,
                            ORF_DECODE_STRICT, &error);
  if (answer == NULL)
    finish (errand, NULL, error->message);
  else
    finish (errand, answer, answer->refused != NULL ? answer->refused : answer->problem);
}

/* To the end of what it says: it ends with the line. */
static gboolean
readable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfErrand *errand = user_data;
  char buffer[READ_BYTES];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0) {
    g_string_append_len (errand->answer, buffer,
                         MIN (n, (gssize) (MAX_ANSWER_BYTES - errand->answer->len)));
    return G_SOURCE_CONTINUE;
  }
  errand->read_id = 0;
  take_answer (errand);
  return G_SOURCE_REMOVE;
}

static gboolean
writable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfErrand *errand = user_data;

  if (orf_fd_send_some (fd, errand->ask->str, errand->ask->len, &errand->n_sent))
    return G_SOURCE_CONTINUE;
  errand->write_id = 0; /* where it went wrong the reader sees the end */
  return G_SOURCE_REMOVE;
}

static void
reaped_cb (GPid pid, gint wait_status, gpointer user_data)
{
  /* reaping it was all: what it has to say comes by its socket */
}

/* ---- its start ------------------------------------------------------------------------------- */

/* -1: error is set. */
static int
connect_to (const char *path, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (fd >= 0 && connect (fd, (const struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
               "nobody runs commands at %s: %s; systemctl enable --now orfeas-exec.socket", path,
               g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

static int
start_child (int *log_fd, GError **error)
{
  OrfProcess process = { -1, -1, -1 };

  if (helper.argv == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "orfeas-exec is not known here");
    return -1;
  }
  if (!orf_process_spawn ((const char *const *) helper.argv, NULL, &process, error))
    return -1;
  g_child_watch_add (process.pid, reaped_cb, NULL);
  *log_fd = process.log_fd;
  return process.fd;
}

static GString *
make_ask (OrfExecSection section, const char *name, const char *const *facts, const char *input)
{
  g_autoptr (OrfExecAsk) ask = orf_exec_ask_new ();
  GString *line = g_string_new (NULL);

  ask->section = section;
  ask->name = g_strdup (name);
  ask->facts = facts != NULL ? g_strdupv ((char **) facts) : g_new0 (char *, 1);
  ask->input = g_strdup (input);
  orf_encode (&orf_exec_ask_desc, ask, line, NULL); /* of its own schema */
  g_string_append_c (line, '\n');
  return line;
}

OrfErrand *
orf_errand_start (const char *socket,
                  OrfExecSection section,
                  const char *name,
                  const char *const *facts,
                  const char *input,
                  OrfErrandEnded ended,
                  gpointer user_data,
                  GError **error)
{
  int log_fd = -1;
  int fd = socket[0] != '\0' ? connect_to (socket, error) : start_child (&log_fd, error);
  OrfErrand *errand;

  if (fd < 0)
    return NULL;
  errand = g_new0 (OrfErrand, 1);
  errand->fd = fd;
  errand->log_fd = log_fd;
  errand->ask = make_ask (section, name, facts, input);
  errand->answer = g_string_new (NULL);
  errand->ended = ended;
  errand->user_data = user_data;
  errand->read_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, errand);
  errand->write_id = g_unix_fd_add (fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, writable_cb, errand);
  return errand;
}

void
orf_errand_cancel (OrfErrand *errand)
{
  errand_free (errand);
}
