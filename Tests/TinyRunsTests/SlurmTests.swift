import Testing
import TinyRuns

/// What Slurm prints, and what it means for a run.
@Suite("Slurm's queue") struct SlurmQueueTests {
    @Test("each task has the state of its line; those without numbers share one; reasons may have spaces")
    func reads() {
        let queue = SlurmQueue(
            """
            0 CD 7 s-1a-0001 None
            1 R 7 s-1a-0001 None
            2 CG 7 s-1a-0001 None
            3 PD 7 s-1a-0001 Nodes required for job are DOWN, DRAINED or reserved
            4 RQ 7 s-1a-0001
            N/A CA 7 s-1a-0001 None
            0 TO 9 s-1a-0002 TimeLimit

            slurmstepd: a message
            """)
        #expect(queue["s-1a-0001", 0] == .ended("CD"))
        #expect(queue["s-1a-0001", 1] == .running)
        #expect(queue["s-1a-0001", 2] == .running, "processes of a job that completes may still write")
        #expect(queue["s-1a-0001", 3] == .queued("Nodes required for job are DOWN, DRAINED or reserved"))
        #expect(queue["s-1a-0001", 4] == .queued("unknown"))
        #expect(queue["s-1a-0001", 5] == .ended("CA"))
        #expect(queue["s-1a-0002", 0] == .ended("TO"))
        #expect(queue["s-1a-0002", 1] == nil)
        #expect(queue.has("s-1a-0002") && !queue.has("s-1a-0003"))
    }

    @Test(
        "a job that its cluster took away is followed by another as long as runs advance; what a user or a run did is a failure",
        arguments: [
            ("CA", 0, false), ("CA", 1, false), ("DL", 0, false), ("OOM", 0, false), ("F", 0, false), ("CD", 0, false),
            ("TO", 0, true), ("TO", 1, false), ("NF", 0, true), ("NF", 2, true), ("NF", 3, false), ("PR", 0, true),
            ("BF", 1, true), (nil, 0, true), (nil, 3, false),
        ] as [(String?, Int, Bool)])
    func ends(code: String?, fruitless: Int, resumes: Bool) {
        let ending = JobEnd(code).ending(fruitlessJobs: fruitless)
        if case .interrupted = ending { #expect(resumes) } else { #expect(!resumes, "\(ending)") }
    }

    @Test("a job that reaches its time limit says what it lacks")
    func timeLimit() {
        guard case .failed(let reason, let hint) = JobEnd("TO").ending(fruitlessJobs: 1) else {
            Issue.record("the run goes on")
            return
        }
        #expect(reason == "its Slurm job reached the time limit before it saved a state")
        #expect(hint?.contains("--sbatch time=") == true && hint?.contains("checkpoint_steps") == true)
    }
}
