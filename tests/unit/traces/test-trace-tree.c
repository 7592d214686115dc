/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-trace-tree.h"

/* id, parent (0: none), start, end */
#define NODE(id, parent, start, end)                                                               \
  {                                                                                                \
    id, parent, (parent) > 0, start, end, 0, 0, FALSE, FALSE                                       \
  }

static void
assert_order (OrfTraceNode *nodes, guint n_nodes, const guint64 *ids)
{
  g_autofree guint *order = orf_trace_tree_arrange (nodes, n_nodes);

  for (guint i = 0; i < n_nodes; i++)
    g_assert_cmpuint (nodes[order[i]].id, ==, ids[i]);
}

/* The ids of those on the path, as a sum of powers of 2. */
static guint
get_path (const OrfTraceNode *nodes, guint n_nodes)
{
  guint path = 0;

  for (guint i = 0; i < n_nodes; i++)
    path |= nodes[i].critical ? 1u << nodes[i].id : 0;
  return path;
}

static void
test_tree (void)
{
  OrfTraceNode nodes[] = {
    NODE (4, 2, 15, 20), NODE (3, 1, 50, 90), NODE (1, 0, 0, 100),
    NODE (2, 1, 10, 40), NODE (5, 3, 60, 70),
  };

  assert_order (nodes, 5, (guint64[]){ 1, 2, 4, 3, 5 });
  g_assert_cmpuint (nodes[2].depth, ==, 0);
  g_assert_cmpuint (nodes[1].depth, ==, 1);
  g_assert_cmpuint (nodes[4].depth, ==, 2);
  g_assert_cmpint (nodes[2].self_us, ==, 100 - 30 - 40);
  g_assert_cmpint (nodes[3].self_us, ==, 25);
  g_assert_cmpint (nodes[0].self_us, ==, 5);
  g_assert_cmpuint (get_path (nodes, 5), ==, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5);
}

/* Children at the same time: who ended last was waited for; what another covers is not self. */
static void
test_parallel (void)
{
  OrfTraceNode nodes[] = {
    NODE (1, 0, 0, 100), NODE (2, 1, 10, 60), NODE (3, 1, 20, 90),
    NODE (4, 1, 5, 20),  NODE (5, 2, 10, 60), NODE (6, 3, 30, 40),
  };

  assert_order (nodes, 6, (guint64[]){ 1, 4, 2, 5, 3, 6 });
  g_assert_cmpint (nodes[0].self_us, ==, 100 - 85);
  g_assert_cmpint (nodes[1].self_us, ==, 0);
  /* 3 was waited for, and what ended when it began; 2 went beside it */
  g_assert_cmpuint (get_path (nodes, 6), ==, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 6);
}

/* What lies beyond its parent: cut at its end, or not waited for at all; none is negative. */
static void
test_beyond (void)
{
  OrfTraceNode nodes[] = {
    NODE (1, 0, 100, 200), NODE (2, 1, 150, 250), NODE (3, 1, 300, 400),
    NODE (4, 1, 50, 120),  NODE (5, 1, 200, 200),
  };
  g_autofree guint *order = orf_trace_tree_arrange (nodes, 5);

  g_assert_cmpint (nodes[0].self_us, ==, 100 - 20 - 50);
  g_assert_cmpint (nodes[2].self_us, ==, 100);
  g_assert_cmpuint (get_path (nodes, 5), ==, 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5);
}

/* Parents that never came begin trees of their own. */
static void
test_missing (void)
{
  OrfTraceNode nodes[] = { NODE (1, 9, 10, 20), NODE (2, 1, 11, 12), NODE (3, 0, 5, 6) };

  assert_order (nodes, 3, (guint64[]){ 3, 1, 2 });
  g_assert_true (nodes[0].parent_missing);
  g_assert_false (nodes[1].parent_missing);
  g_assert_false (nodes[2].parent_missing);
  g_assert_cmpuint (nodes[1].depth, ==, 1);
}

/* Itself, each other, and a tail that leads into a circle: each node is told once. */
static void
test_circles (void)
{
  OrfTraceNode nodes[] = { NODE (1, 1, 0, 9), NODE (2, 3, 1, 2), NODE (3, 4, 1, 2),
                           NODE (4, 2, 1, 2), NODE (5, 4, 3, 4) };
  g_autofree guint *order = orf_trace_tree_arrange (nodes, 5);
  guint seen = 0, n_missing = 0, n_roots = 0;

  for (guint i = 0; i < 5; i++) {
    seen |= 1u << order[i];
    n_missing += nodes[i].parent_missing;
    n_roots += nodes[i].depth == 0;
  }
  g_assert_cmpuint (seen, ==, 31);
  g_assert_cmpuint (n_missing, ==, 2);
  g_assert_cmpuint (n_roots, ==, 2);
}

/* As deep as there are spans, and as wide. */
static void
test_large (void)
{
  const guint n = 200000;
  g_autofree OrfTraceNode *nodes = g_new0 (OrfTraceNode, n);
  g_autofree guint *deep = NULL;
  g_autofree guint *wide = NULL;

  for (guint i = 0; i < n; i++)
    nodes[i] = (OrfTraceNode) NODE (n - i, n - i - 1, n - i, 2 * n + i);
  deep = orf_trace_tree_arrange (nodes, n);
  g_assert_cmpuint (nodes[deep[n - 1]].depth, ==, n - 1);
  for (guint i = 0; i < n; i++)
    nodes[i] = (OrfTraceNode) NODE (i + 1, i > 0, i, i + 1);
  wide = orf_trace_tree_arrange (nodes, n);
  g_assert_cmpuint (nodes[wide[n - 1]].depth, ==, 1);
  g_assert_null (orf_trace_tree_arrange (nodes, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/traces/tree/tree", test_tree);
  g_test_add_func ("/traces/tree/parallel", test_parallel);
  g_test_add_func ("/traces/tree/beyond", test_beyond);
  g_test_add_func ("/traces/tree/missing", test_missing);
  g_test_add_func ("/traces/tree/circles", test_circles);
  g_test_add_func ("/traces/tree/large", test_large);
  return g_test_run ();
}
