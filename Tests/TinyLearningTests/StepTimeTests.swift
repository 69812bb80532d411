import Testing
import TinyLearning
import TinyLearningTestSupport
import TinyRecords

@Suite("The time of a step")
struct StepTimeTests {
    @Test("the idle share is the mean over time of what had ended, until the last completion ended")
    func idleShare() throws {
        let start = ContinuousClock.now
        var idle = IdleShare(from: start)
        idle.note(0, of: 4, at: start + .seconds(2))
        idle.note(1, of: 4, at: start + .seconds(4))  // nothing had ended for 4 s
        idle.note(3, of: 4, at: start + .seconds(6))  // a quarter for 2 s
        idle.note(4, of: 4, at: start + .seconds(10))  // three quarters for 4 s
        let share = try #require(idle.share)
        #expect(abs(share - (0.25 * 2 + 0.75 * 4) / 10) < 1e-9, "\(share)")
    }

    @Test("completions that all end together leave nothing idle, and no time has no share")
    func together() {
        let start = ContinuousClock.now
        var idle = IdleShare(from: start)
        #expect(idle.share == nil)
        idle.note(8, of: 8, at: start + .seconds(3))
        #expect(idle.share == 0)
    }

    @Test("a step that samples has an idle share from 0 to 1")
    func sampled() async throws {
        let engine = FakeEngine()
        let trainer = try GRPOTrainer(sampler: engine, learner: engine, task: letterTask(), configuration: smallRun)
        let time = try await trainer.makeStep(1, from: trainer.startingState(), after: nil) { _ in }.time
        let share = try #require(time.idleShare)
        #expect((0...1).contains(share), "\(time)")
        #expect(try #require(time.cpuSeconds) >= 0)
    }

    @Test("a time that names neither idle share nor processor time is still read")
    func olderRecord() throws {
        let line = #"{"rollout_seconds":1,"seconds":2,"tokens_per_second":10,"training_seconds":0.5}"#
        let time = try StepTime(json: line)
        #expect(time.idleShare == nil && time.cpuSeconds == nil)
    }
}
