package import TinyModel

/// Beginnings of prompts whose keys and values are known. Prompts with the same beginning and the same adapter, such as those
/// with one system text or the same examples, share them instead of computing them again. Results do not depend on it.
package struct PrefixCache {
    private struct Entry {
        /// Keys and values depend on the adapter's numbers, so these are what an entry belongs to.
        let adapter: AdapterContent?
        let tokens: [Int]
        let cache: SequenceCache
        let bytes: Int
    }

    /// The latest last.
    private var entries: [Entry] = []
    private let mostBytes: Int
    /// Beginnings that are kept at once.
    static let mostEntries = 8
    /// Tokens that are worth a pass of their own.
    static let leastTokens = 64

    /// Knows nothing.
    ///
    /// - Parameter mostBytes: Bytes of all keys and values that are kept, unless the latest beginning alone takes more.
    package init(mostBytes: Int) { self.mostBytes = mostBytes }

    /// A cache of the longest known beginning of a prompt, which grows on its own; never the whole prompt, as the next token
    /// follows from a row.
    package func beginning(of prompt: [Int], adapter: AdapterContent?) -> SequenceCache? {
        let known = entries.filter { $0.adapter == adapter }
            .map { (entry: $0, count: min(sharedCount($0.tokens, prompt), prompt.count - 1)) }
            .filter { $0.count >= Self.leastTokens }.max { $0.count < $1.count }
        return known.map { $0.entry.cache.fork(count: $0.count) }
    }

    /// How many tokens of a prompt should be computed on their own first, because one of `others` begins with them too; `nil`
    /// when that gains nothing.
    package func worthSharing(_ prompt: [Int], with others: some Sequence<[Int]>, adapter: AdapterContent?) -> Int? {
        let most = others.reduce(0) { max($0, min(sharedCount(prompt, $1), $1.count - 1, prompt.count - 1)) }
        let known = beginning(of: prompt, adapter: adapter)?.count ?? 0
        return most - known >= Self.leastTokens ? most : nil
    }

    /// Keeps a beginning whose keys and values take so many bytes; the oldest ones give way.
    package mutating func keep(_ tokens: [Int], _ cache: SequenceCache, bytes: Int, adapter: AdapterContent?) {
        entries.append(Entry(adapter: adapter, tokens: tokens, cache: cache, bytes: bytes))
        while entries.count > 1,
            entries.count > Self.mostEntries || entries.reduce(0, { $0 + $1.bytes }) > mostBytes
        {
            entries.removeFirst()
        }
    }
}

/// How many tokens two prompts begin with alike.
func sharedCount(_ a: [Int], _ b: [Int]) -> Int { zip(a, b).prefix { $0 == $1 }.count }
