/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing here calls itself: a trace may be as deep as it has spans. */
#include "traces/orf-trace-tree.h"

#define NONE G_MAXUINT

typedef struct {
  OrfTraceNode *nodes;
  guint n_nodes;
  guint *by_id;    /* nodes by id */
  guint *parents;  /* of each node; NONE: a root */
  guint *children; /* of node i: from first[i] to before first[i + 1], by when they began */
  guint *first;
  guint *roots; /* by when they began */
  guint n_roots;
} Tree;

/* ---- parents --------------------------------------------------------------------------------- */

static int
compare_ids_cb (gconstpointer a, gconstpointer b, gpointer nodes)
{
  guint64 first = ((const OrfTraceNode *) nodes)[*(const guint *) a].id;
  guint64 second = ((const OrfTraceNode *) nodes)[*(const guint *) b].id;

  return (first > second) - (first < second);
}

static int
compare_starts_cb (gconstpointer a, gconstpointer b, gpointer nodes)
{
  guint first_place = *(const guint *) a, second_place = *(const guint *) b;
  gint64 first = ((const OrfTraceNode *) nodes)[first_place].start_us;
  gint64 second = ((const OrfTraceNode *) nodes)[second_place].start_us;

  if (first != second)
    return first < second ? -1 : 1;
  return (first_place > second_place) - (first_place < second_place);
}

static guint
find (const Tree *tree, guint64 id)
{
  guint low = 0, high = tree->n_nodes;

  while (low < high) {
    guint middle = (low + high) / 2;
    guint64 found = tree->nodes[tree->by_id[middle]].id;

    if (found == id)
      return tree->by_id[middle];
    if (found < id)
      low = middle + 1;
    else
      high = middle;
  }
  return NONE;
}

static void
find_parents (Tree *tree)
{
  for (guint i = 0; i < tree->n_nodes; i++)
    tree->by_id[i] = i;
  g_qsort_with_data (tree->by_id, (int) tree->n_nodes, sizeof *tree->by_id, compare_ids_cb,
                     tree->nodes);
  for (guint i = 0; i < tree->n_nodes; i++) {
    OrfTraceNode *node = &tree->nodes[i];

    tree->parents[i] = node->has_parent ? find (tree, node->parent) : NONE;
    node->parent_missing = node->has_parent && tree->parents[i] == NONE;
  }
}

/* Follows parents up from each node that was not seen yet; who comes back to one that was met on
 * the same way goes in a circle, which is cut there. */
static void
cut_circles (Tree *tree)
{
  g_autofree guint *seen = g_new0 (guint, tree->n_nodes); /* on which way; 0: not yet */

  for (guint i = 0; i < tree->n_nodes; i++) {
    guint at = i;

    while (at != NONE && seen[at] == 0) {
      guint parent = tree->parents[at];

      seen[at] = i + 1;
      if (parent != NONE && seen[parent] == i + 1) {
        tree->parents[at] = NONE;
        tree->nodes[at].parent_missing = TRUE;
      }
      at = tree->parents[at];
    }
  }
}

/* Nodes in the order in which they began, put below their parents one by one. */
static void
sort_children (Tree *tree)
{
  g_autofree guint *by_start = g_new (guint, tree->n_nodes);
  g_autofree guint *next = g_new0 (guint, tree->n_nodes + 1);

  for (guint i = 0; i < tree->n_nodes; i++) {
    by_start[i] = i;
    if (tree->parents[i] != NONE)
      tree->first[tree->parents[i] + 1]++;
  }
  g_qsort_with_data (by_start, (int) tree->n_nodes, sizeof *by_start, compare_starts_cb,
                     tree->nodes);
  for (guint i = 0; i < tree->n_nodes; i++)
    tree->first[i + 1] += tree->first[i];
  for (guint i = 0; i < tree->n_nodes; i++)
    next[i] = tree->first[i];
  for (guint i = 0; i < tree->n_nodes; i++) {
    guint node = by_start[i], parent = tree->parents[node];

    if (parent == NONE)
      tree->roots[tree->n_roots++] = node;
    else
      tree->children[next[parent]++] = node;
  }
}

/* ---- what is asked of it --------------------------------------------------------------------- */

/* Each node of the stack is told, and its children are put there, the last one first. */
static void
walk (Tree *tree, guint *order)
{
  g_autofree guint *stack = g_new (guint, tree->n_nodes);
  guint n_stack = 0, n = 0;

  for (guint i = tree->n_roots; i > 0; i--)
    stack[n_stack++] = tree->roots[i - 1];
  while (n_stack > 0) {
    guint node = stack[--n_stack], parent = tree->parents[node];

    tree->nodes[node].depth = parent != NONE ? tree->nodes[parent].depth + 1 : 0;
    order[n++] = node;
    for (guint i = tree->first[node + 1]; i > tree->first[node]; i--)
      stack[n_stack++] = tree->children[i - 1];
  }
}

/* Children by when they began: what they cover is a few stretches that follow each other. */
static void
measure_self (Tree *tree, guint node)
{
  OrfTraceNode *self = &tree->nodes[node];
  gint64 covered_to_us = self->start_us, covered_us = 0;

  for (guint i = tree->first[node]; i < tree->first[node + 1]; i++) {
    const OrfTraceNode *child = &tree->nodes[tree->children[i]];
    gint64 from_us = MAX (child->start_us, covered_to_us);
    gint64 to_us = MIN (child->end_us, self->end_us);

    if (to_us > from_us) {
      covered_us += to_us - from_us;
      covered_to_us = to_us;
    }
  }
  self->self_us = self->end_us - self->start_us - covered_us;
}

/* A child, as far as it lies within its parent. */
typedef struct {
  guint node;
  gint64 end_us; /* cut to the parent's */
} Part;

static int
compare_parts_cb (gconstpointer a, gconstpointer b, gpointer nodes)
{
  const Part *first = a, *second = b;

  if (first->end_us != second->end_us)
    return first->end_us > second->end_us ? -1 : 1;
  return -compare_starts_cb (&first->node, &second->node, nodes);
}

/* The children that began before their parent ended. */
static guint
take_parts (const Tree *tree, guint node, Part *parts)
{
  gint64 end_us = tree->nodes[node].end_us;
  guint n = 0;

  for (guint i = tree->first[node]; i < tree->first[node + 1]; i++) {
    const OrfTraceNode *child = &tree->nodes[tree->children[i]];

    if (child->start_us < end_us || child->end_us <= end_us)
      parts[n++] = (Part){ tree->children[i], MIN (child->end_us, end_us) };
  }
  return n;
}

/* Of the node's children those that it waited for, from its end back to its beginning; they go to
 * the stack. */
static void
follow (Tree *tree, guint node, Part *parts, guint *stack, guint *n_stack)
{
  guint n = take_parts (tree, node, parts);
  gint64 until_us = tree->nodes[node].end_us;

  g_qsort_with_data (parts, (int) n, sizeof *parts, compare_parts_cb, tree->nodes);
  for (guint i = 0; i < n; i++) {
    OrfTraceNode *child = &tree->nodes[parts[i].node];

    if (parts[i].end_us > until_us)
      continue;
    child->critical = TRUE;
    until_us = child->start_us;
    stack[(*n_stack)++] = parts[i].node;
  }
}

static void
mark_critical (Tree *tree)
{
  g_autofree guint *stack = g_new (guint, tree->n_nodes);
  g_autofree Part *parts = g_new (Part, tree->n_nodes);
  guint n_stack = 0;

  for (guint i = 0; i < tree->n_roots; i++) {
    tree->nodes[tree->roots[i]].critical = TRUE;
    stack[n_stack++] = tree->roots[i];
  }
  while (n_stack > 0)
    follow (tree, stack[--n_stack], parts, stack, &n_stack);
}

guint *
orf_trace_tree_arrange (OrfTraceNode *nodes, guint n_nodes)
{
  g_autofree guint *by_id = g_new (guint, n_nodes);
  g_autofree guint *parents = g_new (guint, n_nodes);
  g_autofree guint *children = g_new (guint, n_nodes);
  g_autofree guint *first = g_new0 (guint, n_nodes + 1);
  g_autofree guint *roots = g_new (guint, n_nodes);
  guint *order = g_new (guint, n_nodes);
  Tree tree = { nodes, n_nodes, by_id, parents, children, first, roots, 0 };

  for (guint i = 0; i < n_nodes; i++)
    nodes[i].critical = FALSE;
  find_parents (&tree);
  cut_circles (&tree);
  sort_children (&tree);
  walk (&tree, order);
  for (guint i = 0; i < n_nodes; i++)
    measure_self (&tree, i);
  mark_critical (&tree);
  return order;
}
