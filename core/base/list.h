/*
 * An intrusive doubly linked list: the link lives in the element, so that an element can leave any
 * list in one step and without knowing which.
 */
#ifndef CARDEA_BASE_LIST_H
#define CARDEA_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* A head, or a link that is in no list. */
static inline void list_init(struct list *link)
{
    link->next = link->prev = link;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* At the end of the list. `link` must be in none. */
static inline void list_add(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Out of its list; may be called again, and on a link that was never in one. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#define list_entry(link, type, member) container_of(link, type, member)
#define list_each(head, link)                                                                      \
    for (struct list *link = (head)->next; link != (head); link = link->next)
/* The body may remove `link`. */
#define list_each_safe(head, link)                                                                 \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head);              \
         link = link##_next, link##_next = link->next)

#endif
