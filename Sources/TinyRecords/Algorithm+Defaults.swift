extension TrainingConfiguration {
    /// The defaults of an algorithm.
    public init(_ algorithm: Algorithm) {
        self.init()
        apply(algorithm)
    }

    /// Chooses an algorithm. For policy gradients its defaults replace every setting of the loss and the sampling settings in
    /// the last four rows; empty cells have GRPO's value. `sft` and evolution strategies have the defaults described at
    /// `applySupervisedDefaults` and `applyEvolutionDefaults`.
    ///
    /// In a recipe this happens only where the algorithm is another than that of its `base`: `grpo` on Abacus, named or not, keeps
    /// the demonstration's `loss_type`, dapo.
    ///
    /// | key | grpo | dr_grpo | bnpo | dapo | rloo | reinforce++ | gspo | cispo |
    /// |---|---|---|---|---|---|---|---|---|
    /// | `loss_type` | grpo | dr_grpo | bnpo | dapo | rloo | dapo | grpo | cispo |
    /// | `advantage_estimator` | group | | | | rloo | batch | | |
    /// | `scale_rewards` | group | none | | | none | batch | | batch |
    /// | `epsilon` | 0.2 | | | | | | 3e-4 | |
    /// | `epsilon_high` | 0.2 | | | 0.28 | | | 4e-4 | 5 |
    /// | `importance_sampling_level` | token | | | | sequence | | sequence | |
    /// | `beta` | 0 | | | | 0.05 | 0.01 | | |
    /// | `kl_estimator` | k3 | | | | k1 | k1 | | |
    /// | `use_kl_in_reward` | false | | | | true | true | | |
    /// | `dynamic_sampling` | false | | | true | | | | |
    /// | `dynamic_sampling_max_rounds` | 10 | | | | | | | |
    /// | `mask_truncated_completions` | false | | | | | | | |
    /// | `soft_overlong_cache` | null | | | a fifth of `max_completion_length` | | | | |
    ///
    /// Sources: grpo, bnpo: TRL's `GRPOConfig`; dr_grpo: arXiv:2503.20783; dapo: arXiv:2503.14476 §4.1 (4,096 of 20,480
    /// tokens), whose published recipe masks nothing; rloo: TRL's `RLOOConfig`; reinforce++: arXiv:2501.03262 and
    /// OpenRLHF's defaults; gspo: arXiv:2507.18071 §5.1; cispo: arXiv:2510.13786 (ScaleRL).
    public mutating func apply(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        if algorithm.isPolicyGradient {
            let plain = RolloutSettings()
            loss = LossSettings()
            rollout.replacesEqualGroups = plain.replacesEqualGroups
            rollout.maxRounds = plain.maxRounds
            rollout.masksTruncated = plain.masksTruncated
            rollout.overlongMargin = plain.overlongMargin
        }
        switch algorithm {
        case .drGRPO:
            loss.kind = .drGRPO
            loss.scaleRewards = .none
        case .bnpo:
            loss.kind = .bnpo
        case .dapo:
            loss.kind = .dapo
            loss.epsilonHigh = 0.28
            rollout.replacesEqualGroups = true
            rollout.overlongMargin = rollout.maxTokens >= 5 ? rollout.maxTokens / 5 : nil
        case .rloo:
            loss.kind = .rloo
            loss.advantage = .rloo
            loss.scaleRewards = .none
            loss.importanceLevel = .sequence
            penaliseReward(beta: 0.05)
        case .reinforcePlusPlus:
            loss.kind = .dapo
            loss.advantage = .batch
            loss.scaleRewards = .batch
            penaliseReward(beta: 0.01)
        case .gspo:
            loss.importanceLevel = .sequence
            loss.epsilonLow = 3e-4
            loss.epsilonHigh = 4e-4
        case .cispo:
            loss.kind = .cispo
            loss.scaleRewards = .batch
            loss.epsilonHigh = 5
        case .sft: applySupervisedDefaults()
        case .openES, .cmaES: applyEvolutionDefaults()
        case .grpo: break
        }
    }

    private mutating func penaliseReward(beta: Double) {
        loss.beta = beta
        loss.estimator = .k1
        loss.penalisesReward = true
    }
}

extension Algorithm {
    /// Whether it samples completions and moves along the gradient of their log-probabilities.
    public var isPolicyGradient: Bool {
        switch self {
        case .grpo, .drGRPO, .bnpo, .dapo, .rloo, .reinforcePlusPlus, .gspo, .cispo: true
        default: false
        }
    }
}
