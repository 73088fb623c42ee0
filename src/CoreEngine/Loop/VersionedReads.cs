using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>Runs a read of one place of the line on the machine's own thread: on the machine itself when it stands
/// there, else on the view that it keeps.</summary>
internal static class VersionedReads
{
    internal static void Run(GroupRuntime group, in ReadyRead read)
    {
        ulong place = read.Request.Level.Amount;
        if (place == group.Frontiers.Applied)
        {
            read.Request.Run(group.Machine, read.Point);
            return;
        }

        var versioned = group.Machine as IVersionedMachine;
        ulong oldest = versioned?.OldestVersion ?? 0;
        IStateMachine? view = oldest != 0 && place >= oldest ? versioned!.ViewAsOf(place) : null;
        if (view is null)
        {
            read.Request.Run(
                group.Machine, ReadResult.Refused(new Refusal(RefusalCode.NoHistory, place, oldest)));
            return;
        }

        read.Request.Run(view, read.Point);
    }
}
