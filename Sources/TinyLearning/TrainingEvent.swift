public import TinyRecords

/// What happens while training, told as it happens. The library prints nothing; a command does.
public enum TrainingEvent: Sendable {
    /// The run starts, or goes on after `resumedAfter` steps.
    case started(steps: Int, resumedAfter: Int)
    /// Completions of a step are being sampled.
    case sampling(step: Int, tokens: Int, finished: Int, completions: Int)
    /// The gradients of an update are being computed; `completions` of all need it, the others' are exactly zero. Of these,
    /// `finished` have come as far as their log-probabilities.
    case differentiating(step: Int, update: Int, finished: Int, completions: Int)
    /// A step is done and, in a run directory, on disk.
    case stepFinished(StepRecord)
    /// Something that will probably not get better by waiting.
    case warning(TrainingWarning)
    /// An evaluation starts; step 0 is the base model.
    case evaluating(step: Int)
    /// An evaluation is done.
    case evaluated(EvaluationRecord)
}

/// Signs that a run is going nowhere. Those about steps say for how many in a row it has held.
public enum TrainingWarning: Sendable, Equatable, CustomStringConvertible {
    /// No completion earned anything.
    case noReward(steps: Int)
    /// In every group that was kept all completions earned the same, so there was nothing to learn from.
    case equalRewards(steps: Int)
    /// All members of the population earned the same, so the trained numbers did not move.
    case equalFitness(steps: Int)
    /// No answer was found in any completion.
    case noAnswer(steps: Int)
    /// Every completion reached the token limit.
    case allClipped(steps: Int)
    /// The grader could not judge some completions of a step, which earned nothing.
    case failedGrades(Int, reason: String)
    /// Some solutions lost their end.
    case truncated(examples: Int, of: Int, maxLength: Int)

    /// One sentence for people.
    public var description: String {
        switch self {
        case .noReward(let steps):
            "every reward was 0 for \(counted(steps)): nothing is being learned"
        case .equalRewards(let steps):
            "in every group all rewards were equal for \(counted(steps)): nothing is being learned; "
                + "the problems may be too easy or too hard"
        case .equalFitness(let steps):
            "all members of the population had the same fitness for \(counted(steps)), so nothing moved: "
                + "a larger sigma or more problems_per_step may tell them apart"
        case .noAnswer(let steps):
            "no answer could be found in any completion for \(counted(steps)): "
                + "check the prompt style and the format the reward expects"
        case .allClipped(let steps):
            "every completion reached the token limit for \(counted(steps)): "
                + "raise max_completion_length or check the stop tokens"
        case .failedGrades(let count, let reason):
            "the grader failed on \(count) completions, which earn nothing: \(reason)"
        case .truncated(let examples, let total, let maxLength):
            "\(examples) of \(total) examples are longer than \(maxLength) tokens and lose their end: "
                + "raise max_length if the model's context allows it"
        }
    }

    private func counted(_ steps: Int) -> String { steps == 1 ? "one step" : "\(steps) steps" }

    /// The warnings due after the last of these steps.
    ///
    /// Missing answers and missing room are reported at once, missing rewards after three steps (or at the end of a
    /// shorter run), and all of them again after 10, 20, 40, … steps in a row.
    ///
    /// - Parameters:
    ///   - history: Metrics of all steps so far.
    ///   - steps: Steps of the whole run.
    ///   - comparesAll: Whether a completion is compared with all of its step, so that equal groups may teach something.
    public static func due(
        after history: [RolloutMetrics], of steps: Int, comparesAll: Bool = false
    ) -> [TrainingWarning] {
        func streak(_ holds: (RolloutMetrics) -> Bool) -> Int { history.reversed().prefix(while: holds).count }
        func isDue(_ streak: Int, first: Int) -> Bool {
            streak == first || streak >= 10 && streak % 10 == 0 && (streak / 10).nonzeroBitCount == 1
        }
        let patience = min(3, steps)
        var warnings: [TrainingWarning] = []

        // Rewards are the length penalties and nothing else. A mean of 0 alone may be that of rewards of both signs.
        let unrewarded = streak {
            $0.reward == ($0.overlongMean ?? 0) && $0.rewardDeviation == ($0.overlongDeviation ?? 0)
        }
        if isDue(unrewarded, first: patience) { warnings.append(.noReward(steps: unrewarded)) }
        let equal = streak {
            ($0.keptEqualShare ?? $0.equalRewardShare) == 1
                && (!comparesAll || ($0.keptRewardDeviation ?? $0.rewardDeviation) == 0)
        }
        if unrewarded == 0, isDue(equal, first: patience) { warnings.append(.equalRewards(steps: equal)) }
        let failing = streak { $0.failedGrades ?? 0 > 0 }
        if isDue(failing, first: 1), let last = history.last, let failed = last.failedGrades {
            warnings.append(.failedGrades(failed, reason: last.gradeFailure ?? "no reason was given"))
        }
        let unanswered = streak { $0.answeredShare == 0 }
        if failing == 0, isDue(unanswered, first: 1) { warnings.append(.noAnswer(steps: unanswered)) }
        let clipped = streak { $0.clippedShare == 1 }
        if isDue(clipped, first: 1) { warnings.append(.allClipped(steps: clipped)) }
        return warnings
    }
}
