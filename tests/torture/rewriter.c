/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rewriter FILE: upgrades it as the daemon does, to a version that there is not yet, which rewrites
 * what was there.  It is to be killed meanwhile. */
#include <string.h>

#include "store/orf-store-migrate.h"
#include "store/orf-store-open.h"
#include "store/orf-store-upgrade.h"

#define REWRITE                                                                                    \
  "-- Rewrites: the names of series, and drops all samples.\n"                                     \
  "UPDATE series SET name = 'new.' || name; DELETE FROM sample_raw;"

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) steps = orf_migrations_load (&error);
  g_autoptr (OrfConnection) connection = NULL;

  g_assert_cmpint (argc, ==, 2);
  g_assert_no_error (error);
  g_ptr_array_add (steps, g_bytes_new_static (REWRITE, strlen (REWRITE)));
  connection = orf_store_open_again (argv[1], &error);
  if (connection != NULL && orf_store_upgrade (connection, steps, 0, &error))
    return 0;
  g_printerr ("%s\n", error->message);
  return 1;
}
