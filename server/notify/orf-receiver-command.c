/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-receiver-command.h"

#include "notify/orf-notice-mail.h"

#define SENDMAIL "/usr/sbin/sendmail"

char *
orf_receiver_command_dup_from (const OrfConfigReceiver *settings)
{
  g_autofree char *from = g_strconcat ("orfeas@", g_get_host_name (), NULL);

  if (settings->from[0] != '\0')
    return g_strdup (settings->from);
  return g_strdup (orf_notice_mail_is_address (from) ? from : "orfeas@localhost");
}

static char **
make_sendmail (const OrfConfigReceiver *settings)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *from = orf_receiver_command_dup_from (settings);

  if (settings->command[0] == NULL)
    g_strv_builder_add (argv, SENDMAIL);
  g_strv_builder_addv (argv, (const char **) settings->command);
  /* a lone dot ends nothing; the envelope is said here, and not read from the text */
  g_strv_builder_add_many (argv, "-i", "-f", from, "--", NULL);
  g_strv_builder_addv (argv, (const char **) settings->to);
  return g_strv_builder_end (argv);
}

char **
orf_receiver_command_make (const OrfConfigReceiver *settings)
{
  if (g_str_equal (settings->kind, "sendmail"))
    return make_sendmail (settings);
  if (g_str_equal (settings->kind, "exec") && settings->command[0] != NULL)
    return g_strdupv (settings->command);
  return NULL;
}
