{{ mapped_entity('video_views') }}
