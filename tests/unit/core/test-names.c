/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-names.h"

static void
test_hash (void)
{
  g_assert_cmpuint (orf_names_hash64 ("abc", 3), ==, orf_names_hash64 ("abcd", 3));
  g_assert_cmpuint (orf_names_hash64 ("abc", -1), ==, orf_names_hash64 ("abc", 3));
  g_assert_cmpuint (orf_names_hash64 ("abc", 3), !=, orf_names_hash64 ("abd", 3));
}

/* Names that all collide under g_str_hash: "Ez" and "FY" do, and so do their sequences. */
static void
test_chosen_names_do_not_collide (void)
{
  g_autoptr (GHashTable) table = orf_names_table_new (g_free, NULL);
  g_autoptr (GHashTable) hashes = g_hash_table_new (g_direct_hash, g_direct_equal);

  for (guint i = 0; i < 4096; i++) {
    GString *name = g_string_new (NULL);

    for (guint bit = 0; bit < 12; bit++)
      g_string_append (name, i & (1u << bit) ? "Ez" : "FY");
    if (i == 0)
      g_assert_cmpuint (g_str_hash (name->str), ==, g_str_hash ("FYFYFYFYFYFYFYFYFYFYFYEz"));
    g_hash_table_add (hashes, GUINT_TO_POINTER (orf_names_hash (name->str)));
    g_hash_table_add (table, g_string_free (name, FALSE));
  }
  g_assert_cmpuint (g_hash_table_size (table), ==, 4096);
  g_assert_cmpuint (g_hash_table_size (hashes), >,
                    4090); /* 32 bits: a chance meeting is no fault */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/names/hash", test_hash);
  g_test_add_func ("/names/chosen-names-do-not-collide", test_chosen_names_do_not_collide);
  return g_test_run ();
}
