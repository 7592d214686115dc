/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a CSV for a replay, packed or not: each row has a value for each column. */
#include "orf-ctl-rows.h"

#include "fuzz-file.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfCtlTableRows) all = orf_ctl_rows_read_columns (path, &error);
  g_autoptr (GArray) one = NULL;

  if ((all == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (all == NULL)
    return 0;
  if (all->n_columns != g_strv_length (all->names) ||
      all->values->len != all->n_columns * all->t_us->len)
    g_error ("%u values for %u rows of %u", all->values->len, all->t_us->len, all->n_columns);
  one = orf_ctl_rows_read_file (path, NULL);
  if (one == NULL || one->len != all->t_us->len)
    g_error ("one column alone is not read");
  return 0;
}
