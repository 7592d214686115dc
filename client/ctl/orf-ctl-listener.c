/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-listener.h"

#include <stdio.h>

/* In /proc/net/tcp: "sl local_address rem_address st tx:rx tr:tm retrnsmt uid …" */
#define LINE         " %*[^:]: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u"
#define N_FIELDS     3
#define STATE_LISTEN 0x0a

typedef struct {
  guint of_owner, of_others;
} Listeners;

static void
count (Listeners *listeners, const char *table, guint16 port, uid_t owner)
{
  g_auto (GStrv) lines = g_strsplit (table != NULL ? table : "", "\n", -1);

  for (char **line = lines; *line != NULL; line++) {
    guint local, state, uid;

    if (sscanf (*line, LINE, &local, &state, &uid) != N_FIELDS || local != port ||
        state != STATE_LISTEN)
      continue;
    if (uid == 0 || uid == owner)
      listeners->of_owner++;
    else
      listeners->of_others++;
  }
}

gboolean
orf_ctl_listener_read (const char *tcp, const char *tcp6, guint16 port, uid_t owner)
{
  Listeners listeners = { 0 };

  count (&listeners, tcp, port, owner);
  count (&listeners, tcp6, port, owner);
  return listeners.of_owner > 0 && listeners.of_others == 0;
}

gboolean
orf_ctl_listener_is_of (guint16 port, uid_t owner)
{
  g_autofree char *tcp = NULL;
  g_autofree char *tcp6 = NULL;

  /* a kernel without one of them has no listeners there */
  g_file_get_contents ("/proc/net/tcp", &tcp, NULL, NULL);
  g_file_get_contents ("/proc/net/tcp6", &tcp6, NULL, NULL);
  return orf_ctl_listener_read (tcp, tcp6, port, owner);
}
