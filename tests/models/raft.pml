/*
 * Raft's rules of change: elections, replication, commit, crashes. What the model leaves out stands in README.md.
 *
 * A message is never lost and never used up here: what was once said may arrive at any time, any number of times, in any
 * order, or never. That holds every schedule of a network that loses, delays, duplicates and reorders.
 *  - a request for votes is what its sender was when it asked: asked, endIndex, endTerm;
 *  - a granted vote is a bit: granted;
 *  - an AppendEntries is a piece of its leader's log of that term, which only grows: leaderLog, and a commit index that
 *    this leader has reached;
 *  - an acknowledgement is the highest one of its term: acked. A lower one says less.
 *
 * An entry is its term: one leader makes one entry per index and term.
 *
 * Planted bugs: -DFORGOTTEN_VOTE, -DOLD_TERM_COMMIT, -DEARLY_VOTE, -DANY_LOG.
 */

#ifndef TERMS
#define TERMS 3
#endif
#ifndef ENTRIES
#define ENTRIES 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif

#define REPLICAS 3
#define QUORUM 2
#define FOLLOWER 0
#define CANDIDATE 1
#define LEADER 2

/* Arrays of two dimensions. Terms count from 1, indexes of a log from 1, a replica's name is its place plus 1. */
#define AT(replica, index) ((replica) * ENTRIES + (index) - 1)
#define OF(term, replica) ((term) * REPLICAS + (replica))
#define IN(term, index) ((term) * ENTRIES + (index) - 1)

/* In memory. */
byte term[REPLICAS];
byte vote[REPLICAS];
byte role[REPLICAS];
byte length[REPLICAS];
byte log[REPLICAS * ENTRIES];
byte commit[REPLICAS];
byte matched[REPLICAS];

/* On the medium. */
byte durableTerm[REPLICAS];
byte durableVote[REPLICAS];
byte durableLength[REPLICAS];
byte durableLog[REPLICAS * ENTRIES];

/* What was said, by term. */
bit asked[(TERMS + 1) * REPLICAS];
byte endIndex[(TERMS + 1) * REPLICAS];
byte endTerm[(TERMS + 1) * REPLICAS];
byte granted[(TERMS + 1) * REPLICAS];
byte leader[TERMS + 1];
byte leaderLength[TERMS + 1];
byte leaderLog[(TERMS + 1) * ENTRIES];
byte leaderCommit[TERMS + 1];
byte acked[(TERMS + 1) * REPLICAS];

/* What is proven: the entry committed at an index, and the term in which it was. */
byte committed[ENTRIES + 1];
byte committedIn[ENTRIES + 1];

byte crashes;

/* A step that may not be taken ends where it began. */
#define REQUIRE(condition) if :: (condition) :: else -> goto again fi

/* Only within a step. Spin makes them variables of C: short names would meet its own. */
hidden byte chosen;
hidden byte peer;
hidden byte spokenTerm;
hidden byte sentAfter;
hidden byte sentUntil;
hidden byte ceiling;
hidden byte cursor;
hidden byte tally;

inline choose(variable, low, high)
{
    variable = low;
    do
    :: variable < high -> variable++
    :: break
    od
}

inline lastTerm(variable, replica)
{
    if
    :: length[replica] == 0 -> variable = 0
    :: else -> variable = log[AT(replica, length[replica])]
    fi
}

/* Sets cursor behind the last place at which log and medium agree, up to what matches the leader. */
inline acknowledge(replica)
{
    if
    :: role[replica] == FOLLOWER && term[replica] == durableTerm[replica] && matched[replica] > 0 ->
        cursor = 1;
        do
        :: cursor <= matched[replica] && cursor <= durableLength[replica] &&
            log[AT(replica, cursor)] == durableLog[AT(replica, cursor)] -> cursor++
        :: else -> break
        od;
        if
        :: cursor - 1 > acked[OF(term[replica], replica)] -> acked[OF(term[replica], replica)] = cursor - 1
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline enter(replica, next)
{
    term[replica] = next;
    vote[replica] = 0;
    role[replica] = FOLLOWER;
    matched[replica] = 0
}

/* Raft paper, figure 3: election safety and leader completeness. */
inline win(replica)
{
    assert(leader[term[replica]] == 0 || leader[term[replica]] == replica + 1);
    cursor = 1;
    do
    :: cursor <= ENTRIES ->
        assert(committed[cursor] == 0 || committedIn[cursor] >= term[replica] ||
            (length[replica] >= cursor && log[AT(replica, cursor)] == committed[cursor]));
        cursor++
    :: else -> break
    od;
    role[replica] = LEADER;
    leader[term[replica]] = replica + 1;
    leaderLength[term[replica]] = length[replica];
    cursor = 1;
    do
    :: cursor <= length[replica] -> leaderLog[IN(term[replica], cursor)] = log[AT(replica, cursor)]; cursor++
    :: else -> break
    od
}

/* State machine safety: nothing else was ever committed there. */
inline commitTo(replica, index)
{
    cursor = commit[replica] + 1;
    do
    :: cursor <= index ->
        assert(committed[cursor] == 0 || committed[cursor] == log[AT(replica, cursor)]);
        if
        :: committed[cursor] == 0 -> committed[cursor] = log[AT(replica, cursor)]; committedIn[cursor] = term[replica]
        :: else -> skip
        fi;
        cursor++
    :: else -> break
    od;
    commit[replica] = index
}

#ifdef FIGURE8_START
/* Raft paper, figure 8 (b), with three: replica 1 led term 1 and wrote an entry, nobody heard of it; replica 2 led term
   2 with the vote of replica 3, and wrote another one in its place. */
inline start()
{
    term[0] = 1; vote[0] = 1; durableTerm[0] = 1; durableVote[0] = 1;
    term[1] = 2; vote[1] = 2; durableTerm[1] = 2; durableVote[1] = 2;
    term[2] = 2; vote[2] = 2; durableTerm[2] = 2; durableVote[2] = 2;
    length[0] = 1; log[AT(0, 1)] = 1; durableLength[0] = 1; durableLog[AT(0, 1)] = 1;
    length[1] = 1; log[AT(1, 1)] = 2; durableLength[1] = 1; durableLog[AT(1, 1)] = 2;
    leader[1] = 1; leaderLength[1] = 1; leaderLog[IN(1, 1)] = 1;
    leader[2] = 2; leaderLength[2] = 1; leaderLog[IN(2, 1)] = 2
}
#endif

active proctype raft()
{
#ifdef FIGURE8_START
    atomic { start() }
#endif
    do
    :: true ->
    if
    /* The election timeout ends. The request waits until the medium knows of it. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        REQUIRE(role[chosen] != LEADER && term[chosen] < TERMS);
        enter(chosen, term[chosen] + 1);
        vote[chosen] = chosen + 1;
        role[chosen] = CANDIDATE
    }

    /* Everything that was written completes; what waited for it is said. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        tally = (durableTerm[chosen] != term[chosen] || durableVote[chosen] != vote[chosen] || durableLength[chosen] != length[chosen]);
        cursor = 1;
        do
        :: cursor <= length[chosen] -> tally = tally || durableLog[AT(chosen, cursor)] != log[AT(chosen, cursor)]; cursor++
        :: else -> break
        od;
        REQUIRE(tally);
        durableTerm[chosen] = term[chosen];
        durableVote[chosen] = vote[chosen];
        durableLength[chosen] = length[chosen];
        cursor = 1;
        do
        :: cursor <= ENTRIES ->
            if
            :: cursor <= length[chosen] -> durableLog[AT(chosen, cursor)] = log[AT(chosen, cursor)]
            :: else -> durableLog[AT(chosen, cursor)] = 0
            fi;
            cursor++
        :: else -> break
        od;
        if
        :: vote[chosen] != 0 -> granted[OF(term[chosen], chosen)] = granted[OF(term[chosen], chosen)] | (1 << (vote[chosen] - 1))
        :: else -> skip
        fi;
        if
        :: role[chosen] == CANDIDATE && !asked[OF(term[chosen], chosen)] ->
            asked[OF(term[chosen], chosen)] = 1;
            endIndex[OF(term[chosen], chosen)] = length[chosen];
            lastTerm(endTerm[OF(term[chosen], chosen)], chosen)
        :: else -> skip
        fi;
        acknowledge(chosen)
    }

    /* A request for votes arrives. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        choose(peer, 0, REPLICAS - 1);
        choose(spokenTerm, 1, TERMS);
        REQUIRE(chosen != peer && asked[OF(spokenTerm, peer)] && spokenTerm >= term[chosen]);
        lastTerm(ceiling, chosen);
        sentAfter = endTerm[OF(spokenTerm, peer)] > ceiling || (endTerm[OF(spokenTerm, peer)] == ceiling && endIndex[OF(spokenTerm, peer)] >= length[chosen]);
#ifdef ANY_LOG
        sentAfter = 1;
#endif
        REQUIRE(spokenTerm > term[chosen] || (vote[chosen] == 0 && sentAfter));
        if
        :: spokenTerm > term[chosen] -> enter(chosen, spokenTerm)
        :: else -> skip
        fi;
        if
        :: sentAfter -> vote[chosen] = peer + 1
        :: else -> skip
        fi;
#ifdef EARLY_VOTE
        if
        :: sentAfter -> granted[OF(spokenTerm, chosen)] = granted[OF(spokenTerm, chosen)] | (1 << peer)
        :: else -> skip
        fi;
#endif
        skip
    }

    /* Enough votes have arrived. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        REQUIRE(role[chosen] == CANDIDATE);
        tally = 0;
        peer = 0;
        do
        :: peer < REPLICAS -> tally = tally + ((granted[OF(term[chosen], peer)] >> chosen) & 1); peer++
        :: else -> break
        od;
        REQUIRE(tally >= QUORUM);
        win(chosen)
    }

    /* A command is proposed. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        REQUIRE(role[chosen] == LEADER && length[chosen] < ENTRIES);
        length[chosen]++;
        log[AT(chosen, length[chosen])] = term[chosen];
        leaderLength[term[chosen]] = length[chosen];
        leaderLog[IN(term[chosen], length[chosen])] = term[chosen]
    }

    /* A message of an epoch's leader arrives: entries sentAfter + 1 to sentUntil of its log. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        choose(spokenTerm, 1, TERMS);
        REQUIRE(leader[spokenTerm] != 0 && leader[spokenTerm] != chosen + 1 && spokenTerm >= term[chosen]);
        choose(sentAfter, 0, leaderLength[spokenTerm]);
        choose(sentUntil, sentAfter, leaderLength[spokenTerm]);
        choose(ceiling, 0, leaderCommit[spokenTerm]);
        if
        :: spokenTerm > term[chosen] -> enter(chosen, spokenTerm)
        :: else -> role[chosen] = FOLLOWER
        fi;
        if
        :: sentAfter == 0 || (sentAfter <= length[chosen] && log[AT(chosen, sentAfter)] == leaderLog[IN(spokenTerm, sentAfter)]) ->
            cursor = sentAfter + 1;
            do
            :: cursor <= sentUntil ->
                if
                :: cursor <= length[chosen] && log[AT(chosen, cursor)] != leaderLog[IN(spokenTerm, cursor)] ->
                    /* What is committed is never taken back. */
                    assert(cursor > commit[chosen]);
                    do
                    :: length[chosen] >= cursor -> log[AT(chosen, length[chosen])] = 0; length[chosen]--
                    :: else -> break
                    od
                :: else -> skip
                fi;
                if
                :: cursor > length[chosen] -> length[chosen] = cursor; log[AT(chosen, cursor)] = leaderLog[IN(spokenTerm, cursor)]
                :: else -> skip
                fi;
                cursor++
            :: else -> break
            od;
            if
            :: sentUntil > matched[chosen] -> matched[chosen] = sentUntil
            :: else -> skip
            fi;
            if
            :: ceiling > matched[chosen] -> ceiling = matched[chosen]
            :: else -> skip
            fi;
            if
            :: ceiling > commit[chosen] -> commitTo(chosen, ceiling)
            :: else -> skip
            fi
        :: else -> skip
        fi;
        acknowledge(chosen)
    }

    /* A quorum holds an entry durably. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        REQUIRE(role[chosen] == LEADER && commit[chosen] < length[chosen]);
        choose(sentUntil, commit[chosen] + 1, length[chosen]);
        tally = (durableLength[chosen] >= sentUntil && durableTerm[chosen] == term[chosen]);
        peer = 0;
        do
        :: peer < REPLICAS ->
            tally = tally + (chosen != peer && acked[OF(term[chosen], peer)] >= sentUntil);
            peer++
        :: else -> break
        od;
        REQUIRE(tally >= QUORUM);
#ifndef OLD_TERM_COMMIT
        /* Raft paper, 5.4.2: only an entry of the own term is committed by counting. */
        REQUIRE(log[AT(chosen, sentUntil)] == term[chosen]);
#endif
        commitTo(chosen, sentUntil);
        leaderCommit[term[chosen]] = sentUntil
    }

    /* A replica loses what is not on its medium, and starts again. */
    :: atomic {
        choose(chosen, 0, REPLICAS - 1);
        REQUIRE(crashes < CRASHES);
        crashes++;
        enter(chosen, durableTerm[chosen]);
#ifndef FORGOTTEN_VOTE
        vote[chosen] = durableVote[chosen];
#endif
        length[chosen] = durableLength[chosen];
        cursor = 1;
        do
        :: cursor <= ENTRIES -> log[AT(chosen, cursor)] = durableLog[AT(chosen, cursor)]; cursor++
        :: else -> break
        od;
        commit[chosen] = 0
    }
    fi;
again:
    skip
    od
}
