/// Counts the neighbours in the words of a corpus, and keeps the counts true while pairs are merged.
struct MergeLearner {
    /// Two neighbouring tokens.
    struct Pair: Hashable, Comparable {
        var left: UInt32
        var right: UInt32

        static func < (first: Pair, second: Pair) -> Bool {
            (first.left, first.right) < (second.left, second.right)
        }
    }

    /// A pair with the count it had when it was put into the queue.
    private struct Candidate: Comparable {
        var count: Int
        var pair: Pair

        /// What is merged first comes first: high counts, then small ids.
        static func < (first: Candidate, second: Candidate) -> Bool {
            first.count != second.count ? first.count > second.count : first.pair < second.pair
        }
    }

    private var words: [[UInt32]] = []
    private var wordCounts: [Int] = []
    private var pairCounts: [Pair: Int] = [:]
    /// The words that contain, or once contained, each pair.
    private var places: [Pair: [Int]] = [:]
    private var queue = Heap<Candidate>()
    /// Pairs whose count has grown since they were last put into the queue.
    private var grown: Set<Pair> = []

    /// Adds a distinct word that occurs `count` times.
    mutating func add(_ word: [UInt32], count: Int) {
        words.append(word)
        wordCounts.append(count)
        countPairs(ofWord: words.count - 1)
    }

    /// The pair that occurs most often, or nil when no word has two tokens.
    mutating func mostFrequentPair() -> Pair? {
        for pair in grown { queue.insert(Candidate(count: pairCounts[pair] ?? 0, pair: pair)) }
        grown.removeAll(keepingCapacity: true)
        while let candidate = queue.popLeast() {
            let count = pairCounts[candidate.pair] ?? 0
            if count == candidate.count, count > 0 { return candidate.pair }
            if count > 0 { queue.insert(Candidate(count: count, pair: candidate.pair)) }
        }
        return nil
    }

    /// Replaces every occurrence of `pair`, from left to right within each word, by `token`.
    mutating func merge(_ pair: Pair, into token: UInt32) {
        for index in places.removeValue(forKey: pair) ?? [] {
            let word = words[index]
            var merged: [UInt32] = []
            var position = 0
            while position < word.count {
                if position + 1 < word.count, word[position] == pair.left, word[position + 1] == pair.right {
                    merged.append(token)
                    position += 2
                } else {
                    merged.append(word[position])
                    position += 1
                }
            }
            guard merged.count < word.count else { continue }
            for (left, right) in zip(word, word.dropFirst()) {
                pairCounts[Pair(left: left, right: right), default: 0] -= wordCounts[index]
            }
            words[index] = merged
            countPairs(ofWord: index)
        }
    }

    private mutating func countPairs(ofWord index: Int) {
        let word = words[index]
        for (left, right) in zip(word, word.dropFirst()) {
            let pair = Pair(left: left, right: right)
            pairCounts[pair, default: 0] += wordCounts[index]
            if places[pair]?.last != index { places[pair, default: []].append(index) }
            grown.insert(pair)
        }
    }
}
