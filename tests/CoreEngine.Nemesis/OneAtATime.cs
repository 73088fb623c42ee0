using Xunit;

// One cluster at a time: three replicas, their clients and a fault are enough for a small machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
