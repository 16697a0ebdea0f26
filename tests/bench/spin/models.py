"""The models of the comparison with SPIN: each as a scenario and as Promela, made for the same sizes.

Both sides have one visible operation a step and join what is local to the step before it (Promela: `atomic`
around an operation and the local code after it, as an expert would write it), both look for the same failures
(assertions, and states where nobody can go on), and both are told to go through the whole space, not to stop at the
first failure. thrum also looks for races, livelock, partial deadlocks and final values, which SPIN is not asked for.
"""


def philosophers(count):
    scenario = f'''forks = [Lock() for i in range({count})]
thread p(i) for i in range({count}):
    with forks[i]:
        with forks[(i + 1) % {count}]:
            pass
expect deadlock
'''
    promela = f'''bool fork[{count}];
proctype p(byte i) {{
  atomic {{ !fork[i] -> fork[i] = true }};
  atomic {{ !fork[(i + 1) % {count}] -> fork[(i + 1) % {count}] = true }};
  fork[(i + 1) % {count}] = false;
  atomic {{ fork[i] = false; i = 0 }}
}}
init {{ atomic {{ byte k; for (k : 0 .. {count - 1}) {{ run p(k) }}; k = 0 }} }}
'''
    return scenario, promela


def lost_update(threads, rounds):
    scenario = f'''c = 0
thread w * {threads}:
    for i in range({rounds}):
        c += 1
after:
    assert c == {threads * rounds}, "lost"
expect race, assertion "lost"
'''
    promela = f'''byte c, done;
proctype w() {{
  byte i, t;
  do
  :: i < {rounds} -> t = c; atomic {{ c = t + 1; t = 0; i++ }}
  :: else -> break
  od;
  atomic {{ done++; i = 0 }}
}}
init {{
  atomic {{ byte k; for (k : 1 .. {threads}) {{ run w() }}; k = 0 }};
  done == {threads} -> assert(c == {threads * rounds})
}}
'''
    return scenario, promela.replace("i < %d -> t = c;" % rounds, "atomic { i < %d -> t = c };" % rounds)


def locked_counters(threads, rounds):
    scenario = f'''c = 0
l = Lock()
thread w * {threads}:
    for i in range({rounds}):
        with l:
            c += 1
after:
    assert c == {threads * rounds}, "lost"
expect ok
'''
    promela = f'''byte c, done;
bool l;
proctype w() {{
  byte i, t;
  do
  :: atomic {{ i < {rounds} && !l -> l = true }};
     t = c;
     atomic {{ c = t + 1; t = 0 }};
     atomic {{ l = false; i++ }}
  :: i >= {rounds} -> break
  od;
  atomic {{ done++; i = 0 }}
}}
init {{
  atomic {{ byte k; for (k : 1 .. {threads}) {{ run w() }}; k = 0 }};
  done == {threads} -> assert(c == {threads * rounds})
}}
'''
    return scenario, promela


def bounded_buffer(producers, consumers, items):
    scenario = f'''buf = [0] * 2
head = 0
tail = 0
free = Semaphore(2)
filled = Semaphore(0)
guard = Lock()
thread producer * {producers}:
    repeat {items}:
        free.acquire()
        with guard:
            buf[tail % 2] = 1
            tail += 1
        filled.release()
thread consumer * {consumers}:
    repeat {items}:
        filled.acquire()
        with guard:
            buf[head % 2] = 0
            head += 1
        free.release()
expect ok
'''
    promela = f'''byte buf[2], head, tail, free = 2, filled;
bool guard;
proctype producer() {{
  byte i, t;
  do
  :: atomic {{ i < {items} && free > 0 -> free-- }};
     atomic {{ !guard -> guard = true }};
     t = tail;
     atomic {{ buf[t % 2] = 1; t = 0 }};
     t = tail;
     atomic {{ tail = t + 1; t = 0 }};
     guard = false;
     atomic {{ filled++; i++ }}
  :: i >= {items} -> break
  od; i = 0
}}
proctype consumer() {{
  byte i, t;
  do
  :: atomic {{ i < {items} && filled > 0 -> filled-- }};
     atomic {{ !guard -> guard = true }};
     t = head;
     atomic {{ buf[t % 2] = 0; t = 0 }};
     t = head;
     atomic {{ head = t + 1; t = 0 }};
     guard = false;
     atomic {{ free++; i++ }}
  :: i >= {items} -> break
  od; i = 0
}}
init {{ atomic {{
  byte k;
  for (k : 1 .. {producers}) {{ run producer() }};
  for (k : 1 .. {consumers}) {{ run consumer() }}; k = 0
}} }}
'''
    return scenario, promela


def peterson(rounds):
    scenario = f'''wants = [Atomic(False), Atomic(False)]
turn = Atomic(0)
inside = 0
thread p(i) for i in range(2):
    repeat {rounds}:
        wants[i] = True
        turn = 1 - i
        while wants[1 - i] and turn == 1 - i:
            pass
        inside += 1
        assert inside == 1, "both"
        inside -= 1
        wants[i] = False
expect ok
'''
    promela = f'''bool wants[2];
byte turn, inside;
proctype p(byte i) {{
  byte n, t;
  do
  :: n < {rounds} ->
     wants[i] = true;
     turn = 1 - i;
again:
     if
     :: !wants[1 - i]
     :: wants[1 - i] -> if :: turn == 1 - i -> goto again :: turn != 1 - i fi
     fi;
     t = inside;
     atomic {{ inside = t + 1; t = 0 }};
     assert(inside == 1);
     t = inside;
     atomic {{ inside = t - 1; t = 0 }};
     atomic {{ wants[i] = false; n++ }}
  :: n >= {rounds} -> break
  od; n = 0
}}
init {{ atomic {{ run p(0); run p(1) }} }}
'''
    return scenario, promela


def readers_writers(readers, writers, rounds):
    scenario = f'''readers = 0
shared = 0
count = Lock()
room = Lock()
thread reader * {readers}:
    repeat {rounds}:
        with count:
            readers += 1
            if readers == 1:
                room.acquire()
        seen = shared
        print(seen)
        with count:
            readers -= 1
            if readers == 0:
                room.release()
thread writer * {writers}:
    repeat {rounds}:
        with room:
            shared += 1
expect ok
'''
    promela = f'''byte readers, shared;
bool count, room;
proctype reader() {{
  byte i, t;
  do
  :: atomic {{ i < {rounds} && !count -> count = true }};
     t = readers;
     atomic {{ readers = t + 1; t = 0 }};
     if :: readers == 1 -> atomic {{ !room -> room = true }} :: readers != 1 fi;
     count = false;
     atomic {{ t = shared; t = 0 }};
     atomic {{ !count -> count = true }};
     t = readers;
     atomic {{ readers = t - 1; t = 0 }};
     if :: readers == 0 -> room = false :: readers != 0 fi;
     atomic {{ count = false; i++ }}
  :: i >= {rounds} -> break
  od; i = 0
}}
proctype writer() {{
  byte i, t;
  do
  :: atomic {{ i < {rounds} && !room -> room = true }};
     t = shared;
     atomic {{ shared = t + 1; t = 0 }};
     atomic {{ room = false; i++ }}
  :: i >= {rounds} -> break
  od; i = 0
}}
init {{ atomic {{
  byte k;
  for (k : 1 .. {readers}) {{ run reader() }};
  for (k : 1 .. {writers}) {{ run writer() }}; k = 0
}} }}
'''
    return scenario, promela


def two_stage(half):
    scenario = f'''d1 = 0
d2 = 0
l1 = Lock()
l2 = Lock()
thread w * {half}:
    with l1:
        d1 = 1
    with l2:
        d2 = d1 + 1
thread r * {half}:
    a = 0
    b = 0
    with l1:
        if d1 == 0:
            return
        a = d1
    with l2:
        b = d2
    assert b == a + 1, "bad"
expect race, assertion "bad"
'''
    promela = f'''byte d1, d2;
bool l1, l2;
proctype w() {{
  byte t;
  atomic {{ !l1 -> l1 = true }};
  d1 = 1;
  l1 = false;
  atomic {{ !l2 -> l2 = true }};
  t = d1;
  atomic {{ d2 = t + 1; t = 0 }};
  l2 = false
}}
proctype r() {{
  byte a, b;
  atomic {{ !l1 -> l1 = true }};
  if
  :: d1 == 0 -> l1 = false
  :: d1 != 0 ->
     a = d1;
     l1 = false;
     atomic {{ !l2 -> l2 = true }};
     b = d2;
     atomic {{ l2 = false; assert(b == a + 1); a = 0; b = 0 }}
  fi
}}
init {{ atomic {{ byte k; for (k : 1 .. {half}) {{ run w(); run r() }}; k = 0 }} }}
'''
    return scenario, promela


MODELS = (
    [(f"philosophers-{n}", philosophers(n)) for n in (3, 4, 5, 6, 7, 8, 9, 10)]
    + [(f"lost-update-{t}x{k}", lost_update(t, k)) for t, k in ((2, 1), (2, 3), (2, 6), (3, 3), (3, 6), (4, 1), (4, 3))]
    + [(f"locked-counters-{t}x{k}", locked_counters(t, k)) for t, k in ((3, 4), (4, 4), (6, 8))]
    + [("bounded-buffer-2+2", bounded_buffer(2, 2, 5)), ("peterson-3", peterson(3))]
    + [("readers-writers-2+1", readers_writers(2, 1, 2)), ("readers-writers-4+2", readers_writers(4, 2, 2))]
    + [("two-stage-4", two_stage(2)), ("two-stage-20", two_stage(10))]
)
