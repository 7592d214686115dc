/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-config.h"
#include "core/orf-memory.h"
#include "orf-error.h"

#define MIB (1024 * 1024)

typedef struct {
  OrfConfig *config;
  OrfMemory *memory;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->config = orf_config_new_defaults ();
  fixture->config->memory.budget_bytes = 100 * MIB;
  fixture->config->memory.rpc_bytes = 10 * MIB;
  fixture->memory = orf_memory_new (fixture->config);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  orf_memory_free (fixture->memory);
  orf_config_free (fixture->config);
}

static gint64
get_number_cb (gpointer user_data)
{
  return *(gint64 *) user_data;
}

static gint64
get_whole (Fixture *fixture)
{
  return orf_memory_get_whole (fixture->memory).used_bytes;
}

static void
test_parts (Fixture *fixture, gconstpointer data)
{
  gint64 reported = 5;
  OrfMemoryUse use;

  orf_memory_add (fixture->memory, ORF_MEMORY_RPC, 100);
  orf_memory_add (fixture->memory, ORF_MEMORY_RPC, -40);
  orf_memory_report (fixture->memory, ORF_MEMORY_SQLITE, get_number_cb, &reported);
  use = orf_memory_get_use (fixture->memory, ORF_MEMORY_RPC);
  g_assert_cmpint (use.used_bytes, ==, 60);
  g_assert_cmpint (use.budget_bytes, ==, 10 * MIB);
  reported = 7;
  g_assert_cmpint (orf_memory_get_use (fixture->memory, ORF_MEMORY_SQLITE).used_bytes, ==, 7);
  g_assert_cmpint (orf_memory_get_use (fixture->memory, ORF_MEMORY_WRITES).used_bytes, ==, 0);
  orf_memory_report (fixture->memory, ORF_MEMORY_SQLITE, NULL, NULL);
  g_assert_cmpint (orf_memory_get_use (fixture->memory, ORF_MEMORY_SQLITE).used_bytes, ==, 0);
}

/* Every part has a budget, and a key that a caller may be told. */
static void
test_every_part_is_bounded (Fixture *fixture, gconstpointer data)
{
  for (guint part = 0; part < ORF_N_MEMORY_PARTS; part++) {
    g_autoptr (GError) error = NULL;
    gint64 budget_bytes = orf_memory_get_use (fixture->memory, part).budget_bytes;

    g_assert_cmpint (budget_bytes, >, 0);
    orf_memory_add (fixture->memory, part, budget_bytes - 1);
    g_assert_true (orf_memory_check_part (fixture->memory, part, &error));
    g_assert_no_error (error);
    orf_memory_add (fixture->memory, part, 1);
    g_assert_false (orf_memory_check_part (fixture->memory, part, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
    g_assert_cmpint (orf_error_get_retry_after_ms (error), >, 0);
    g_assert_true (g_pattern_match_simple ("*(*.*)", error->message));
  }
}

static void
test_the_whole (Fixture *fixture, gconstpointer data)
{
  orf_memory_add (fixture->memory, ORF_MEMORY_RPC, 3 * MIB);
  g_assert_cmpint (get_whole (fixture), ==, 3 * MIB); /* nobody has asked the kernel yet */
  orf_memory_note_resident (fixture->memory, 20 * MIB);
  g_assert_cmpint (get_whole (fixture), ==, 20 * MIB);
  orf_memory_add (fixture->memory, ORF_MEMORY_WRITES, 2 * MIB); /* since then */
  g_assert_cmpint (get_whole (fixture), ==, 22 * MIB);
  orf_memory_add (fixture->memory, ORF_MEMORY_WRITES, -4 * MIB); /* may be kept by malloc */
  g_assert_cmpint (get_whole (fixture), ==, 20 * MIB);
  orf_memory_note_resident (fixture->memory, 18 * MIB);
  g_assert_cmpint (get_whole (fixture), ==, 18 * MIB);
  orf_memory_add (fixture->memory, ORF_MEMORY_CACHE, 50 * MIB); /* is beside the whole */
  g_assert_cmpint (get_whole (fixture), ==, 18 * MIB);
  orf_memory_note_resident (fixture->memory, 69 * MIB);
  g_assert_cmpint (get_whole (fixture), ==, 19 * MIB);
}

static void
test_ingest_stops_and_resumes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  orf_memory_note_resident (fixture->memory, 80 * MIB - 1);
  g_assert_true (orf_memory_check_ingest (fixture->memory, &error));
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*refused*memory*budget_bytes*");
  orf_memory_add (fixture->memory, ORF_MEMORY_CONNECTIONS, 1); /* a burst is seen at once */
  g_assert_false (orf_memory_check_ingest (fixture->memory, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED);
  g_assert_cmpint (orf_error_get_retry_after_ms (error), >, 0);
  g_assert_nonnull (strstr (error->message, "memory.budget_bytes"));
  g_clear_error (&error);

  orf_memory_note_resident (fixture->memory, 75 * MIB); /* not yet */
  g_assert_false (orf_memory_check_ingest (fixture->memory, NULL));
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "*taken again*");
  orf_memory_note_resident (fixture->memory, 75 * MIB - 1);
  g_test_assert_expected_messages ();
  g_assert_true (orf_memory_check_ingest (fixture->memory, &error));
  orf_memory_note_resident (fixture->memory, 79 * MIB); /* and it does not flap */
  g_assert_true (orf_memory_check_ingest (fixture->memory, &error));
  g_assert_no_error (error);
}

static void
test_without_bounds (void)
{
  orf_memory_add (NULL, ORF_MEMORY_RPC, 1);
  orf_memory_report (NULL, ORF_MEMORY_RPC, get_number_cb, NULL);
  g_assert_true (orf_memory_check_part (NULL, ORF_MEMORY_RPC, NULL));
  g_assert_true (orf_memory_check_ingest (NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add ("/memory/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  ADD (parts);
  ADD (every_part_is_bounded);
  ADD (the_whole);
  ADD (ingest_stops_and_resumes);
  g_test_add_func ("/memory/without_bounds", test_without_bounds);
  return g_test_run ();
}
