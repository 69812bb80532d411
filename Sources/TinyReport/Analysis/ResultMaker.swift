import TinyStatistics

/// Turns measured cells into rows of a table.
struct ResultMaker {
    let benchmark: Benchmark
    let bootstrap: HierarchicalBootstrap?
    let baselines: [Baseline]
    /// Every cell that trains all weights.
    let full: [MeasuredCell]
    let differences: Differences
    let names: RowNames
    /// Compares with the row that was asked for, if one was.
    let comparison: RowComparison?

    func result(of measured: MeasuredCell, choice: ChoiceKind) -> CellResult {
        let cell = measured.cell, finals = measured.finals
        let baseline = baseline(of: measured)
        let reference = baseline.flatMap { self.reference(of: measured, over: $0) }
        let draws = means(of: measured.draws, as: .measured)
        let untrained = zipped(bootstrap, baseline?.verdicts).map { $0.shares($1) }
        let evaluations = finals.map(\.evaluation.value)
        return CellResult(
            row: names[cell], method: cell.method, algorithm: cell.algorithm, parameters: cell.parameters,
            bytes: cell.first.bytes,
            learningRate: cell.learningRate, choice: choice, differences: differences.words(for: cell),
            seeds: finals.map(\.run.seed),
            accuracy: accuracy(of: measured, draws: draws),
            gain: baseline.map { gain(of: measured, draws: draws, over: $0, untrained: untrained) },
            share: zipped(reference, baseline).map {
                share(of: measured, draws: draws, reference: $0, baseline: $1, untrained: untrained)
            },
            reference: zipped(reference, baseline).map { FullReference($0, for: cell.family, over: $1) },
            comparisons: finals.compactMap { run, evaluation in
                guard let before = baseline?.verdicts, let after = evaluation.value.verdicts else { return nil }
                return SeedComparison(seed: run.seed, before: before, after: after)
            },
            against: comparison?.difference(of: measured),
            lenient: meanIfComplete(evaluations.map(\.lenient)),
            wellFormed: meanIfComplete(
                evaluations.map { line in line.wellFormed.map { Double($0) / Double(line.problems) } }),
            completionLength: meanIfComplete(evaluations.map(\.meanCompletionLength)),
            sampledReward: meanIfComplete(finals.map(\.run.rewardAtEnd)),
            generatedTokens: cell.family == .supervised
                ? nil : meanIfComplete(finals.map { $0.run.generatedTokens(through: .max) }),
            trainingSeconds: mean(finals.map(\.run.trainingSeconds)),
            sources: measured.sources, cell: cell)
    }

    /// The untrained model as the cell's runs measured it, else as most runs did.
    private func baseline(of measured: MeasuredCell) -> Baseline? {
        let names = Set(measured.finals.map(\.run.name))
        return baselines.first { $0.sources.contains { names.contains($0.run) } } ?? baselines.first
    }

    /// Full fine-tuning whose gain a cell's gain is a share of: by an algorithm of its family, else by policy gradients, else any;
    /// the best of several. It was evaluated in the same way: gains over different untrained results have no quotient. `nil` for full
    /// fine-tuning itself, and where it gained nothing.
    private func reference(of measured: MeasuredCell, over baseline: Baseline) -> MeasuredCell? {
        guard measured.cell.method != "full" else { return nil }
        let comparable = full.filter { self.baseline(of: $0)?.sources == baseline.sources }
        let groups = [measured.cell.family, .policyGradient].map { family in
            comparable.filter { $0.cell.family == family }
        }
        let candidates = groups.first { !$0.isEmpty } ?? comparable
        guard let best = candidates.max(by: { $0.mean < $1.mean }), best.mean > baseline.strict else { return nil }
        return best
    }

    /// The mean accuracy. The interval of one run is Wilson's, as that of an evaluation by itself.
    private func accuracy(of measured: MeasuredCell, draws: [Double]?) -> Estimate {
        guard measured.finals.count > 1, let interval = draws.flatMap(interval) else {
            return Estimate(shares: measured.finals.map(\.evaluation.value.strict), problems: benchmark.problems)
        }
        return Estimate(measured.mean, interval)
    }

    /// The mean accuracy minus that of the untrained model. The interval of one run is that of two evaluations side by side.
    private func gain(
        of measured: MeasuredCell, draws: [Double]?, over baseline: Baseline, untrained: [Double]?
    ) -> Estimate {
        let gain = measured.mean - baseline.strict
        if measured.finals.count > 1 {
            guard let changes = zipped(draws, untrained).map({ zip($0, $1).map(-) }) else { return Estimate(gain) }
            if let interval = interval(of: changes) { return Estimate(gain, interval) }
        }
        // One run, or several in which each problem changed in the same way: the pairs of one run tell all.
        let difference = zipped(measured.finals[0].evaluation.value.verdicts, baseline.verdicts).map { after, before in
            PairedDifference(zip(after, before).map { ($0 ? 1 : 0) - ($1 ? 1 : 0) })
        }
        return Estimate(gain, low: difference?.low, high: difference?.high)
    }

    private func means(of draws: [[Double]]?, as part: HierarchicalBootstrap.Part) -> [Double]? {
        zipped(bootstrap, draws).map { $0.means(of: $1, as: part) }
    }

    /// The gain as a share of that of full fine-tuning.
    ///
    /// Without an interval where not every draw shows a gain of full fine-tuning: a share of a zero gain has no bounds.
    private func share(
        of measured: MeasuredCell, draws: [Double]?, reference: MeasuredCell, baseline: Baseline, untrained: [Double]?
    ) -> Estimate {
        let share = (measured.mean - baseline.strict) / (reference.mean - baseline.strict)
        guard let draws, let untrained,
            let ends = means(of: reference.draws, as: .reference)
        else { return Estimate(share) }
        let gains = zip(ends, untrained).map(-)
        guard gains.allSatisfy({ $0 > 0 }) else { return Estimate(share) }
        let shares = draws.indices.map { (draws[$0] - untrained[$0]) / gains[$0] }
        return Estimate(share, interval(of: shares))
    }
}

/// The percentile interval of drawn values; `nil` where all are equal, which says nothing about other problems.
func interval(of draws: [Double]) -> PercentileInterval? {
    draws.contains { abs($0 - draws[0]) > 1e-9 } ? PercentileInterval(of: draws) : nil
}

/// Both values, or `nil` when one is missing.
private func zipped<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    if let a, let b { (a, b) } else { nil }
}

/// The mean, unless a value is missing.
private func meanIfComplete(_ values: [Double?]) -> Double? {
    let found = values.compactMap(\.self)
    return found.count == values.count && !found.isEmpty ? mean(found) : nil
}
