/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-verbs.h"

static const OrfCtlVerb *const groups[] = {
  orf_ctl_verbs_gpu,
  orf_ctl_verbs_records,
  orf_ctl_verbs_judgement,
  orf_ctl_verbs_tools,
};

const OrfCtlVerb *
orf_ctl_get_verbs (void)
{
  static GArray *verbs; /* of a program of one thread; it stays */

  if (verbs != NULL)
    return (const OrfCtlVerb *) verbs->data;
  verbs = g_array_new (TRUE, TRUE, sizeof (OrfCtlVerb)); /* ended by a row of zeros */
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const OrfCtlVerb *verb = groups[i]; verb->name != NULL; verb++)
      g_array_append_vals (verbs, verb, 1);
  return (const OrfCtlVerb *) verbs->data;
}
