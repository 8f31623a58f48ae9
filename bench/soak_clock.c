/* A wall clock that can be moved, for processes that are started with this in LD_PRELOAD.

   The file that SOAK_CLOCK names holds one 64-bit number: by how many nanoseconds the wall clock is ahead of the real
   one. It is mapped into memory, so that all processes see a change in the same instant. Clocks that only count
   (CLOCK_MONOTONIC and its like), and thus every sleep and every timeout, stay as they are. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define LONG_AGO 1000000000LL /* seconds: of the wall clock September 2001, of one that counts 31 years of running */

static const volatile int64_t *ahead;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static void *next(const char *name, const char *version)
{
    void *found = dlvsym(RTLD_NEXT, name, version); /* there is an older function of the same name */
    return found ? found : dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void open_clock(void)
{
    const char *path = getenv("SOAK_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        ahead = mapped;
    close(file);
}

static void shift(struct timespec *moment, int64_t by)
{
    int64_t nanoseconds = moment->tv_nsec + by % SECOND;
    moment->tv_sec += by / SECOND + nanoseconds / SECOND;
    moment->tv_nsec = nanoseconds % SECOND;
    if (moment->tv_nsec < 0) {
        moment->tv_nsec += SECOND;
        moment->tv_sec -= 1;
    }
}

int clock_gettime(clockid_t clock, struct timespec *moment)
{
    if (!real_clock_gettime)
        real_clock_gettime = (int (*)(clockid_t, struct timespec *))next("clock_gettime", "GLIBC_2.17");
    int failed = real_clock_gettime(clock, moment);
    if (!failed && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI))
        shift(moment, *ahead);
    return failed;
}

int gettimeofday(struct timeval *restrict moment, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    moment->tv_sec = now.tv_sec;
    moment->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *moment)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (moment)
        *moment = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *moment, int base)
{
    return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, moment) ? base : 0;
}

/* The kernel waits by the real clock. Which clock the deadline is of, the condition alone knows; its size tells, too. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline)
{
    struct timespec real = *deadline;
    if (!real_timedwait)
        real_timedwait = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))next(
            "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (ahead && real.tv_sec > LONG_AGO)
        shift(&real, -*ahead);
    return real_timedwait(condition, mutex, &real);
}
