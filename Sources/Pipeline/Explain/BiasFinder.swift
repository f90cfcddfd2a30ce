import Engine
import Foundation
import Imaging
import LaViSE
import Networks
import Tensors

/// A filter that is active in other shares of one group of pictures than of the others.
public struct FoundBias: Sendable {
    /// The group, as the CSV names it.
    public let group: String
    /// How much more (or less) often the filter is active in the group than in the others.
    public let difference: GroupDifference
    /// The filter's first words.
    public let words: [String]
    /// The pictures of the group that the filter has the most to see in, by name, the highest maximum first.
    public let images: [String]
}

extension FilterExplainer {
    /// What groups of pictures differ in: for every filter the share of a group's pictures with max F_u > T_u, the
    /// surest first (METHOD 12). Of two groups the first is compared with the second, of more each with all others.
    /// - Parameters:
    ///   - path: a CSV with the columns `file` and `group`.
    ///   - words: how many words and images of a filter are wanted.
    ///   - progress: told of pictures done.
    /// - Throws: `ExperimentError`, `ImagingError`.
    public func bias(groups path: String, words count: Int, progress: @Sendable (Int, Int) -> Void = { _, _ in }) throws
        -> [FoundBias]
    {
        let file = try GroupsFile(path), peaks = try peaks(file.pictures.map(\.path), progress: progress)
        let summary = results.evaluation.summary, filters = summary.filters
        let compared = file.groups.count == 2 ? [file.groups[0]] : file.groups
        let all = compared.flatMap { group -> [(String, GroupDifference)] in
            let isOwn = file.pictures.map { $0.group == group }, own = isOwn.count { $0 }
            let active = filters.indices.map { unit -> (own: Int, others: Int) in
                var active = (own: 0, others: 0)
                for (picture, isOwn) in isOwn.enumerated() where peaks[picture][unit] > summary.thresholds[unit] {
                    if isOwn { active.own += 1 } else { active.others += 1 }
                }
                return active
            }
            return GroupDifference.all(active: active, filters: filters, images: (own, isOwn.count - own)).map {
                (group, $0)
            }
        }
        // Filters of several groups are one family of comparisons; a place tells whose each is.
        var numbered = all.map(\.1)
        for place in numbered.indices { numbered[place].filter = place }
        return GroupDifference.ranked(numbered).map { found in
            let place = found.filter, (group, difference) = all[place], unit = place % filters.count
            var named = found
            named.filter = difference.filter
            let seen = file.pictures.indices.filter {
                file.pictures[$0].group == group && peaks[$0][unit] > summary.thresholds[unit]
            }
            .sorted { (-peaks[$0][unit], $0) < (-peaks[$1][unit], $1) }
            return FoundBias(
                group: group, difference: named,
                words: results.evaluation[method] == nil
                    ? [] : results.filterRow(unit, method).words.prefix(count).map(\.text),
                images: seen.prefix(count).map { URL(fileURLWithPath: file.pictures[$0].path).lastPathComponent })
        }
    }

    /// `[pictures][filters]` the maximum of every filter's map.
    private func peaks(_ pictures: [String], progress: @Sendable (Int, Int) -> Void) throws -> [[Float]] {
        let source = try source(), filters = results.evaluation.summary.filters,
            rule = results.experiment.backbone.preprocessing.crop
        let directions = results.units?.directions
        let found = SharedResults<[Float]>(count: pictures.count),
            positions = source.shapes[0].height * source.shapes[0].width
        try concurrently(pictures.count, threads: threads) { index in
            let picture = try decodeUprightImage(pictures[index]).centreCrop(rule)
            let features = Array(try source.features(pixels: picture.pixels, count: 1)[0])
            let maps = directions?.maps(of: features, positions: positions) ?? features
            found[index] = filters.map { maps[$0 * positions..<($0 + 1) * positions].max() ?? 0 }
            progress(index + 1, pictures.count)
        }
        return pictures.indices.map { found[$0] ?? [] }
    }
}
