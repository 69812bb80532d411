import Testing
import TinyRecords
import TinyRuns

/// What is told before a run is true of the run.
@Suite("Estimate of a run") struct RunEstimateTests {
    @Test("with dynamic sampling the bounds are those of every round that a step may take")
    func dynamicSampling() {
        var settings = TrainingConfiguration(.dapo)
        settings.steps = 2
        let estimate = RunEstimate(settings)
        #expect(estimate.completions == 2 * 16 * 8 && estimate.completionsAtMost == 10 * 2 * 16 * 8)
        #expect(estimate.tokensAtMost == 10 * 2 * 16 * 8 * 128)
        settings.rollout.replacesEqualGroups = false
        let single = RunEstimate(settings)
        #expect(single.completionsAtMost == 2 * 16 * 8 && single.tokensAtMost == 2 * 16 * 8 * 128)
    }

    @Test(
        "a population has as many members as the run's, or is not counted where its size is not known",
        arguments: [(Algorithm.openES, 12), (.cmaES, 11)])
    func population(algorithm: Algorithm, members: Int) throws {
        var settings = TrainingConfiguration(algorithm)
        settings.steps = 3
        // Of 13 numbers it is 4 + ⌊3 ln 13⌋, and even for openes.
        #expect(RunEstimate(settings).completions == 3 * 16 * members)
        settings.adapter.method = .loraXS
        settings.adapter.rank = 1
        #expect(RunEstimate(settings).completions == nil && RunEstimate(settings).tokensAtMost == nil)
        let outline = try RunOutline(settings)
        let known = RunEstimate(settings, numbers: outline.trainedParameters)
        #expect(outline.estimate == known && known.completions != nil)
        settings.evolution.populationSize = 6
        #expect(RunEstimate(settings).completions == 3 * 16 * 6)
    }

    @Test("a supervised run has the tokens of its longest examples")
    func supervised() {
        var settings = TrainingConfiguration(.sft)
        settings.steps = 3
        #expect(RunEstimate(settings).tokensAtMost == 3 * 32 * 1024)
        settings.supervised.maxLength = nil
        #expect(RunEstimate(settings).completions == 3 * 32 && RunEstimate(settings).tokensAtMost == nil)
    }
}
