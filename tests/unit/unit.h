/* What every Check program here shares: `UNIT_MAIN(suite)` runs one suite, each test forked. */
#ifndef THRUM_TESTS_UNIT_H
#define THRUM_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

/*
 * How many rounds a test with random input does: `full`, or a part of it when THRUM_TEST_SHARE says
 * so (10: a tenth, at least 1), as in the slow builds with sanitizers.
 */
static inline int unit_rounds(int full)
{
    const char *share = getenv("THRUM_TEST_SHARE");
    int divisor = share != NULL ? atoi(share) : 1;
    return divisor > 1 ? (full + divisor - 1) / divisor : full;
}

#define UNIT_MAIN(make_suite)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        SRunner *runner = srunner_create(make_suite());                                            \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                               \
    }

#endif
