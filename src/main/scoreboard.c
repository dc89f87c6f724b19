/* The scoreboard: shared memory without locks. Each place is written by one process at a time (the master
 * while no worker is there, then its worker), so that a worker that dies at any point leaves it right. */
#include "main/scoreboard.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum state { PLACE_FREE, PLACE_IDLE, PLACE_BUSY };

struct place {
    _Atomic int state;
    _Atomic pid_t pid;
    unsigned generation;
    struct ip peer;
};

struct scoreboard {
    size_t n;
    struct place places[];
};

static size_t octets(size_t places)
{
    return sizeof(struct scoreboard) + places * sizeof(struct place);
}

struct scoreboard *scoreboard_new(size_t places)
{
    struct scoreboard *board =
        mmap(NULL, octets(places), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (board == MAP_FAILED)
        return NULL;
    board->n = places;
    return board;
}

void scoreboard_free(struct scoreboard *board)
{
    if (board)
        munmap(board, octets(board->n));
}

int scoreboard_reserve(struct scoreboard *board, unsigned generation)
{
    for (size_t i = 0; i < board->n; i++) {
        struct place *place = &board->places[i];

        if (place->state == PLACE_FREE) {
            place->generation = generation;
            place->pid = 0;
            place->state = PLACE_IDLE;
            return (int)i;
        }
    }
    return -1;
}

void scoreboard_assign(struct scoreboard *board, int place, pid_t pid)
{
    board->places[place].pid = pid;
}

int scoreboard_release(struct scoreboard *board, pid_t pid)
{
    for (size_t i = 0; i < board->n; i++) {
        struct place *place = &board->places[i];

        if (place->state != PLACE_FREE && place->pid == pid) {
            place->state = PLACE_FREE;
            return (int)i;
        }
    }
    return -1;
}

size_t scoreboard_idle(const struct scoreboard *board, unsigned generation)
{
    size_t idle = 0;

    for (size_t i = 0; i < board->n; i++)
        idle += board->places[i].state == PLACE_IDLE && board->places[i].generation == generation;
    return idle;
}

size_t scoreboard_workers(const struct scoreboard *board)
{
    size_t workers = 0;

    for (size_t i = 0; i < board->n; i++)
        workers += board->places[i].state != PLACE_FREE;
    return workers;
}

void scoreboard_each(const struct scoreboard *board, void (*each)(void *ctx, pid_t pid), void *ctx)
{
    for (size_t i = 0; i < board->n; i++)
        if (board->places[i].state != PLACE_FREE && board->places[i].pid > 0)
            each(ctx, board->places[i].pid);
}

size_t scoreboard_busy(struct scoreboard *board, int place, const struct ip *peer)
{
    struct place *own = &board->places[place];

    memset(&own->peer, 0, sizeof own->peer);
    if (peer)
        own->peer = *peer;
    own->state = PLACE_BUSY;
    return scoreboard_connections(board);
}

void scoreboard_done(struct scoreboard *board, int place)
{
    board->places[place].state = PLACE_IDLE;
}

size_t scoreboard_connections(const struct scoreboard *board)
{
    size_t n = 0;

    for (size_t i = 0; i < board->n; i++)
        n += board->places[i].state == PLACE_BUSY;
    return n;
}

size_t scoreboard_connections_from(const struct scoreboard *board, const struct ip *peer)
{
    size_t n = 0;

    for (size_t i = 0; i < board->n; i++)
        n += board->places[i].state == PLACE_BUSY && ip_equal(&board->places[i].peer, peer);
    return n;
}
